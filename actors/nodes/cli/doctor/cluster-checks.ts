import { isGloballyTerminal } from '../../../../src/protocol/job-status.ts';
import type { JobDetails, JobSummary } from '../../../../src/protocol/job-status.ts';
import type { NatsServerInfo } from '../../../../src/transport/nats/server-info.ts';
import { clean } from '../table.ts';
import { Findings } from './finding.ts';
import type { Finding } from './finding.ts';

/** What a running cluster says of itself. */
export interface ClusterState {
  readonly taskManagers: number;
  readonly slotsTotal: number;
  readonly slotsAvailable: number;
  readonly jobs: readonly JobSummary[];
  /** Of the jobs that have not ended. */
  readonly details: readonly JobDetails[];
  /** Undefined where it is not seen: over REST. */
  readonly nats: Pick<NatsServerInfo, 'version' | 'jetstream' | 'jetstreamApiLevel'> | undefined;
}

/** API level of JetStream from which on it writes batches atomically: nats-server 2.12. */
const ATOMIC_BATCHES = 2;

/** Whether a running cluster could lose a node, and how its jobs are. */
export function clusterChecks(state: ClusterState): readonly Finding[] {
  const findings = new Findings('Cluster');
  spareSlots(state, findings);
  for (const job of state.details) jobState(job, findings);
  const failed = state.jobs.filter(({ status }) => status === 'FAILED');
  findings.check(failed.length === 0, 'no job has failed', [
    `${failed.length} jobs have failed: ${failed.map(({ jobId }) => jobId.slice(0, 8)).join(', ')}`,
    '"millrace status <job-id>" says why',
  ]);
  if (state.nats !== undefined) natsServer(state.nats, findings);
  return findings.list;
}

function spareSlots({ taskManagers, slotsTotal, slotsAvailable }: ClusterState, findings: Findings): void {
  const found = `${taskManagers} TaskManagers with ${slotsTotal} slots, ${slotsAvailable} free`;
  if (taskManagers === 0)
    findings.problem(
      found,
      'no job can run: start TaskManagers ("millrace taskmanager"), or look into their logs',
    );
  else if (taskManagers === 1)
    findings.problem(found, 'when it is lost, all jobs stop until it is back: run at least two');
  else
    findings.check(slotsAvailable >= slotsTotal / taskManagers, found, [
      found,
      'the jobs of a lost TaskManager find no slots elsewhere: have as many free as one TaskManager has',
    ]);
}

function jobState(job: JobDetails, findings: Findings): void {
  if (isGloballyTerminal(job.status)) return;
  const name = `job "${clean(job.name, 40)}"`;
  if (job.status !== 'RUNNING' || job.tasksRunning < job.tasksTotal)
    findings.advise(
      `${name} is ${job.status}, ${job.tasksRunning} of ${job.tasksTotal} tasks run`,
      `"millrace status ${job.jobId}" says more`,
    );
  else findings.ok(`${name} runs with all of its ${job.tasksTotal} tasks`);
  if (job.restarts > 0)
    findings.advise(
      `${name} has restarted ${job.restarts} times`,
      job.failure === undefined ? 'its log says why' : `the last time: ${clean(job.failure.message, 160)}`,
    );
}

function natsServer(
  { version, jetstream, jetstreamApiLevel }: NonNullable<ClusterState['nats']>,
  findings: Findings,
): void {
  const found = `nats-server ${version}`;
  if (!jetstream)
    findings.problem(
      `${found} without JetStream`,
      'the cluster keeps jobs and modules there: start it with -js',
    );
  else
    findings.check(jetstreamApiLevel >= ATOMIC_BATCHES, found, [
      found,
      'a JetStreamSink with EXACTLY_ONCE needs 2.12 or newer, which writes batches atomically',
    ]);
}
