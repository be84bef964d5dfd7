import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import type { CheckpointCoordinatorContext } from '../../actors/job-manager/checkpoint-coordinator/checkpoint-coordinator.machine.ts';
import type { JobDefinition } from '../../src/api/job.ts';
import { rootCause } from '../../src/base/errors.ts';
import type { SerializedError } from '../../src/base/errors.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import type { SimulationTrace } from '../../src/testing/simulation-trace.ts';
import type { FaultRule } from '../../src/transport/simulation/faults.ts';

/** A job to be simulated, with what it must collect. */
export interface Scenario {
  readonly name: string;
  readonly job: JobDefinition;
  readonly configuration: Configuration;
  /** Rows that the job must have collected, sorted. */
  expected(): readonly string[];
  /** Whether what it collected survives the loss of the JobManager. */
  readonly survivesJobManager: boolean;
}

/** Simulated time with faults, then healed; ms. */
const FAULTY_MS = 40_000;
const HEALED_MS = 400_000;
const MAX_STEPS = 400_000;

/** Which faults a seed turns on, and how strongly. */
interface FaultPlan {
  readonly control: FaultRule;
  readonly data: FaultRule;
  readonly taskManagerCrashes: number;
  readonly jobManagerCrashes: number;
  readonly partitions: number;
}

function drawPlan(random: SeededRandom, { survivesJobManager }: Scenario): FaultPlan {
  const isData = ({ subject }: { subject: string }): boolean => subject.includes('.data.');
  const maybe = (probability: number, value: () => number): number =>
    random.chance(probability) ? value() : 0;
  return {
    control: {
      minDelayMs: 0.2,
      meanDelayMs: random.next() * 20,
      dropProbability: maybe(0.6, () => random.next() * 0.2),
      duplicateProbability: maybe(0.5, () => random.next() * 0.2),
    },
    data: {
      when: isData,
      minDelayMs: 0.1,
      meanDelayMs: random.next() * 5,
      dropProbability: maybe(0.3, () => random.next() * 0.02),
      duplicateProbability: maybe(0.3, () => random.next() * 0.02),
    },
    taskManagerCrashes: maybe(0.5, () => 1 + random.int(3)),
    jobManagerCrashes: survivesJobManager ? maybe(0.25, () => 1) : 0,
    partitions: maybe(0.4, () => 1 + random.int(2)),
  };
}

export interface SimulationResult {
  readonly seed: number;
  readonly plan: FaultPlan;
  /** Undefined when the run was right. */
  readonly failure: string | undefined;
  readonly restarts: number;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly dropped: number;
}

/** Runs one seed: faults first, then healed; the job must end FINISHED with exactly the rows of its oracle. */
export async function simulate(
  scenario: Scenario,
  seed: number,
  trace?: SimulationTrace,
): Promise<SimulationResult> {
  const random = new SeededRandom(seed).fork('plan');
  const plan = drawPlan(random, scenario);
  const cluster = new SimulatedCluster({
    seed,
    job: scenario.job,
    configuration: scenario.configuration,
    storeDelayMs: random.fork('stores').next() * 80,
    network: { faults: [plan.data, plan.control], reorder: 'across-subjects' },
    ...(trace === undefined ? {} : { trace }),
  });
  scheduleFaults(cluster, plan, random);
  await cluster.startJobManager();
  for (let i = 0; i < 3; i++) cluster.startTaskManager();
  const { jobId, ended } = cluster.submit();
  let outcome: { status: string; restarts: number; reason: string } | undefined;
  ended.then(
    (job) => (outcome = { status: job.status, restarts: job.restarts, reason: job.failure?.message ?? '' }),
    (error: unknown) => (outcome = { status: 'LOST', restarts: 0, reason: String(error) }),
  );
  const within = (): boolean => cluster.clock.monotonic() > FAULTY_MS + HEALED_MS;
  await cluster.clock.runUntil(() => outcome !== undefined || within(), MAX_STEPS);
  let rows: unknown[] | undefined;
  if (outcome?.status === 'FINISHED') {
    const collecting = cluster.client.collect(jobId, 'collect').then((all) => (rows = all));
    await cluster.clock.runUntil(() => rows !== undefined || within(), MAX_STEPS);
    void collecting;
  }
  return {
    seed,
    plan,
    failure: judge(scenario, cluster, outcome, rows),
    restarts: outcome?.restarts ?? 0,
    steps: cluster.clock.steps,
    simulatedMs: cluster.clock.monotonic(),
    dropped: cluster.network.counters.dropped,
  };
}

function scheduleFaults(cluster: SimulatedCluster, plan: FaultPlan, random: SeededRandom): void {
  const { clock, network } = cluster;
  const sometime = (): number => random.next() * FAULTY_MS * 0.25;
  for (let i = 0; i < plan.taskManagerCrashes; i++) {
    clock.setTimeout(
      () => {
        const alive = cluster.taskManagers();
        if (alive.length === 0) return;
        cluster.crash(random.pick(alive));
        clock.setTimeout(
          () => void cluster.startTaskManager(),
          random.next() * 5_000,
          'restart a TaskManager',
        );
      },
      sometime(),
      'crash a TaskManager',
    );
  }
  for (let i = 0; i < plan.jobManagerCrashes; i++) {
    clock.setTimeout(
      () => {
        // An ended job and its rows live in the leader's memory only: losing them is no fault of the protocols.
        if (hasEnded(cluster)) return;
        cluster.crash(SimulatedCluster.JOB_MANAGER);
        clock.setTimeout(
          () => void cluster.startJobManager(),
          random.next() * 3_000,
          'restart the JobManager',
        );
      },
      sometime(),
      'crash the JobManager',
    );
  }
  for (let i = 0; i < plan.partitions; i++) {
    clock.setTimeout(
      () => {
        const alive = cluster.taskManagers();
        if (alive.length === 0) return;
        const cut = random.pick(alive);
        const others = [SimulatedCluster.JOB_MANAGER, ...alive].filter((node) => node !== cut);
        if (random.chance(0.5)) network.partition([cut], others);
        else for (const other of others) network.block(cut, other);
        clock.setTimeout(() => network.heal(), random.next() * 12_000, 'heal the partition');
      },
      sometime(),
      'partition',
    );
  }
  clock.setTimeout(
    () => {
      network.heal();
      network.setFaults([{ minDelayMs: 0.2, meanDelayMs: 1 }]);
    },
    FAULTY_MS,
    'heal everything',
  );
}

function hasEnded(cluster: SimulatedCluster): boolean {
  const jobs = cluster.leader?.dispatcher.actor.getSnapshot().context.jobs ?? new Map();
  return [...jobs.values()].some((entry: { readonly state: string }) => entry.state === 'ended');
}

function reasonOf(failure: SerializedError | undefined): string {
  return failure === undefined ? 'none' : rootCause(failure).message;
}

/** What a job that does not end waits for. */
function whereItStands(cluster: SimulatedCluster): string {
  const jobs = cluster.leader?.dispatcher.actor.getSnapshot().context.jobs ?? new Map();
  const [jobId] = [...jobs.keys()];
  const actor = jobId === undefined ? undefined : cluster.leader?.dispatcher.jobManager(jobId)?.actor;
  if (actor === undefined) return 'no JobManager leads it';
  const { context, children } = actor.getSnapshot();
  const states = [...context.scheduler.executions].map(
    ([id, list]) => `${id.slice(0, 4)} ${list.map(({ state }) => state).join(' ')}`,
  );
  const child = children['checkpoints'] as
    | { getSnapshot(): { context: CheckpointCoordinatorContext } }
    | undefined;
  const coordinator = child?.getSnapshot().context.coordinator;
  const pending = [...(coordinator?.pending.values() ?? [])].map(
    ({ checkpointId, phase, expected, acknowledged }) =>
      `${checkpointId} ${phase} waits for ${[...expected.keys()].filter((key) => !acknowledged.has(key)).join(' ')}`,
  );
  return (
    `${context.scheduler.status}; last failure: ${reasonOf(context.scheduler.failure)}; ${states.join('; ')}; checkpoints ${JSON.stringify(coordinator?.counts)}, ` +
    `pending ${pending.join(', ')}; drained ${[...(coordinator?.drained ?? [])].join(' ')}`
  );
}

function judge(
  scenario: Scenario,
  cluster: SimulatedCluster,
  outcome: { status: string; reason: string } | undefined,
  rows: readonly unknown[] | undefined,
): string | undefined {
  if (cluster.fatalErrors.length > 0)
    return `an actor failed: ${String((cluster.fatalErrors[0] as Error).stack)}`;
  if (outcome === undefined) return `the job did not end; ${whereItStands(cluster)}`;
  if (outcome.status !== 'FINISHED') return `the job is ${outcome.status}: ${outcome.reason}`;
  if (rows === undefined) return 'the results could not be fetched';
  const got = rows.map(String).sort();
  const want = scenario.expected();
  if (got.length !== want.length) return `${got.length} rows instead of ${want.length}`;
  const wrong = want.findIndex((row, i) => row !== got[i]);
  return wrong === -1 ? undefined : `row ${got[wrong]} instead of ${want[wrong]}`;
}
