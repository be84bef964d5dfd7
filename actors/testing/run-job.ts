import { deserializeError } from '../../src/base/errors.ts';
import { Configuration } from '../../src/config/configuration.ts';
import type { JobDefinition } from '../../src/api/job.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

export interface RunJobOptions {
  /** Default 1. */
  readonly parallelism?: number;
  /** TaskManagers of two slots each; default as many as the job needs. */
  readonly taskManagers?: number;
  /** Orders what is not ordered otherwise; default 1. */
  readonly seed?: number;
  readonly configuration?: Readonly<Record<string, string>>;
}

export interface RunJobResult {
  readonly job: JobDetails;
  /** Rows of a `collect()`, in order of arrival. */
  readonly collected: <T = unknown>(collectId?: string) => readonly T[];
}

const MAX_STEPS = 2_000_000;

/**
 * Runs a bounded job to its end on a simulated cluster: the real actors and the real data plane, in this thread, without
 * waiting for real time. For tests of jobs.
 * @throws the job's failure
 */
export async function runJob(definition: JobDefinition, options: RunJobOptions = {}): Promise<RunJobResult> {
  const { parallelism = 1, seed = 1 } = options;
  const configuration = Configuration.of([
    ['parallelism.default', String(parallelism)],
    ['taskmanager.numberOfTaskSlots', '2'],
    ...Object.entries(options.configuration ?? {}),
  ]);
  const cluster = new SimulatedCluster({ seed, job: definition, configuration });
  await cluster.startJobManager();
  const taskManagers = options.taskManagers ?? Math.ceil(parallelism / 2);
  for (let i = 0; i < taskManagers; i++) cluster.startTaskManager();
  const { jobId, ended } = cluster.submit();
  const job = await settle(cluster, ended);
  if (job.status !== 'FINISHED') {
    throw job.failure === undefined ? new Error(`the job is ${job.status}`) : deserializeError(job.failure);
  }
  const rows = new Map<string, readonly unknown[]>();
  for (const collectId of collectIds(cluster, jobId)) {
    rows.set(collectId, await settle(cluster, cluster.client.collect(jobId, collectId)));
  }
  return {
    job,
    collected: <T>(collectId = 'collect') => (rows.get(collectId) ?? []) as readonly T[],
  };
}

function collectIds(cluster: SimulatedCluster, jobId: JobDetails['jobId']): readonly string[] {
  return cluster.leader?.dispatcher.jobManager(jobId)?.collectIds() ?? [];
}

/** Runs the cluster's events until the promise settles. */
async function settle<T>(cluster: SimulatedCluster, work: Promise<T>): Promise<T> {
  let done = false;
  const settled = work.finally(() => (done = true));
  settled.catch(() => {});
  await cluster.clock.runUntil(() => done || cluster.fatalErrors.length > 0, MAX_STEPS);
  if (cluster.fatalErrors.length > 0) throw cluster.fatalErrors[0];
  if (!done) throw new Error('the job came to no end: is it bounded?');
  return settled;
}
