import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { DataGeneratorSource } from '../../src/connectors/generator/data-generator-source.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';
import type { JobId } from '../../src/base/ids.ts';
import type { ParallelismBounds } from '../../src/control/rescale.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import type { Rescaling } from '../../src/protocol/rescaling.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { CommittedRows } from './committed-rows.ts';
import { replaceJobManager, replaceTaskManager, startNodes } from './replace-nodes.ts';
import { CONFIGURATION } from './word-count.ts';

const COUNT = 1_500;
const PER_SECOND = 150;
const KEYS = 30;
/** 1023: a checkpoint before a rescaling was waited for by a job that had stopped. */
const SEEDS = [...Array.from({ length: 30 }, (_, seed) => seed), 1_023];

/** Each number with how many of its key came before it: state that is lost, or there twice, shows in the rows. */
function jobInto(target: CommittedRows) {
  return defineJob('rescaled', (env) => {
    const source = new DataGeneratorSource({
      generate: (i) => i,
      count: COUNT,
      recordsPerSecond: PER_SECOND,
    });
    env
      .fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers')
      .map((n) => ({ key: n % KEYS, seen: 1 }))
      .keyBy('key')
      .reduce((sum, one) => ({ key: one.key, seen: sum.seen + one.seen }))
      .map(({ key, seen }) => key * COUNT + seen)
      .sinkTo(target);
  });
}

function expectedRows(): number[] {
  const rows = Array.from({ length: COUNT }, (_, n) => (n % KEYS) * COUNT + Math.floor(n / KEYS) + 1);
  return rows.toSorted((a, b) => a - b);
}

const ADAPTIVE = CONFIGURATION.with(
  Configuration.of([
    ['jobmanager.scheduler', 'adaptive'],
    ['jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling', '2 s'],
    ['jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout', '1 s'],
    ['execution.checkpointing.interval', '300 ms'],
    ['execution.checkpointing.timeout', '2 s'],
    ['execution.checkpointing.tolerable-failed-checkpoints', '1000'],
  ]),
);

/** Asks for the same bounds of all vertices. */
async function demand({ client }: SimulatedCluster, jobId: JobId, bounds: ParallelismBounds): Promise<void> {
  const { requirements } = await client.rescaling(jobId);
  const wanted = Object.fromEntries(Object.keys(requirements).map((id) => [id, bounds]));
  await client.updateResourceRequirements(jobId, wanted);
}

describe('a job with the adaptive scheduler on a simulated cluster', () => {
  it.each(SEEDS)(
    'when its bounds change, and TaskManagers and JobManagers come and go (seed %i), then it is rescaled, and each row is committed once',
    async (seed) => {
      const random = new SeededRandom(seed).fork('plan');
      const target = new CommittedRows();
      const cluster = new SimulatedCluster({
        seed,
        storeDelayMs: random.next() * 60,
        job: jobInto(target),
        configuration: ADAPTIVE.with(
          Configuration.of([
            ['execution.checkpointing.unaligned.enabled', String(random.chance(0.5))],
            ['parallelism.default', String(1 + random.int(5))],
          ]),
        ),
        network: {
          reorder: 'across-subjects',
          faults: [
            { when: ({ subject }) => subject.includes('.data.'), minDelayMs: 0.1 },
            {
              minDelayMs: 0.2,
              meanDelayMs: random.next() * 20,
              dropProbability: random.next() * 0.05,
              duplicateProbability: random.next() * 0.05,
            },
          ],
        },
      });
      const { clock } = cluster;
      await startNodes(cluster, 1 + random.int(3));
      const { jobId, ended } = cluster.submit();
      let heard = '';
      ended.then(
        (job) => (heard = job.status),
        (error: unknown) => (heard = String(error)),
      );
      const order = async (): Promise<void> => {
        const lowerBound = 1 + random.int(2);
        await demand(cluster, jobId, { lowerBound, upperBound: lowerBound + random.int(5) });
      };
      const acts = [
        () => void order().catch(() => {}),
        () => void order().catch(() => {}),
        () => void cluster.startTaskManager(),
        () => replaceTaskManager(cluster, random),
        () => {
          if (cluster.taskManagers().length > 1) cluster.crash(random.pick(cluster.taskManagers()));
        },
        () => replaceJobManager(cluster),
      ];
      for (let i = 2 + random.int(6); i >= 0; i--)
        clock.setTimeout(random.pick(acts), 500 + random.next() * 9_000, 'act');
      await clock.runUntil(() => heard !== '' || clock.monotonic() > 300_000, 5_000_000);
      expect(cluster.fatalErrors).toEqual([]);
      expect(heard).toBe('FINISHED');
      expect(target.rows()).toEqual(expectedRows());
    },
  );

  it('when nothing fails, then it follows its bounds and the slots that there are, and tells of it', async () => {
    const target = new CommittedRows();
    const configuration = ADAPTIVE.with(Configuration.of([['parallelism.default', '3']]));
    const network = { faults: [{ minDelayMs: 0.2, meanDelayMs: 1 }] };
    const cluster = new SimulatedCluster({ seed: 1, job: jobInto(target), configuration, network });
    const { clock, client } = cluster;
    await startNodes(cluster, 1);
    const { jobId, ended } = cluster.submit();
    /** Waits for a parallelism; how long that took, ms. */
    const until = async (parallelism: number): Promise<number> => {
      const begun = clock.monotonic();
      const scheduler = () =>
        cluster.leader?.dispatcher.jobManager(jobId)?.actor.getSnapshot().context.scheduler;
      const isThere = (): boolean => {
        const [source = []] = scheduler()?.executions.values() ?? [];
        return source.length === parallelism && source.every(({ state }) => state === 'RUNNING');
      };
      await clock.runUntil(() => isThere() || clock.monotonic() > 60_000, 1_000_000);
      expect(scheduler()?.executions.values().next().value).toHaveLength(parallelism);
      return clock.monotonic() - begun;
    };
    const asked = async (bounds: ParallelismBounds): Promise<void> => {
      let answered = false;
      void demand(cluster, jobId, bounds).then(() => (answered = true));
      await clock.runUntil(() => answered, 100_000);
    };
    // Of three slots there are two.
    await until(2);
    cluster.startTaskManager();
    expect(await until(3)).toBeGreaterThan(1_000);
    await asked({ lowerBound: 1, upperBound: 4 });
    expect(await until(4)).toBeLessThan(1_500);
    await asked({ lowerBound: 1, upperBound: 1 });
    await until(1);
    let told: Rescaling | undefined;
    void client.rescaling(jobId).then((rescaling) => (told = rescaling));
    await clock.runUntil(() => told !== undefined, 100_000);
    expect(told?.counts).toEqual({ inProgress: 0, completed: 4, failed: 0 });
    expect(
      told?.history.map(({ cause, vertices }) => [cause, vertices[0]?.before, vertices[0]?.after]),
    ).toEqual([
      ['UPDATE_REQUIREMENT', 4, 1],
      ['UPDATE_REQUIREMENT', 3, 4],
      ['NEW_RESOURCE_AVAILABLE', 2, 3],
      ['MISSING_RESOURCE', 3, 2],
    ]);
    let job: JobDetails | undefined;
    void ended.then((details) => (job = details));
    await clock.runUntil(() => job !== undefined, 3_000_000);
    expect(job).toMatchObject({ status: 'FINISHED', restarts: 0 });
    expect(target.rows()).toEqual(expectedRows());
  });
});
