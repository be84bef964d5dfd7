import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { defineJob } from '../../../src/api/job.ts';
import type { JobDefinition } from '../../../src/api/job.ts';
import { MemoryArtifactStore } from '../../../src/storage/memory/artifact-store.ts';
import { StoredMetrics } from '../../../actors/metrics/metric-query.ts';
import { profileSettings } from '../../../actors/nodes/profiling/profile-archive.ts';
import { ProcessView } from '../../../actors/nodes/adapters/process-view.ts';
import { systemClock } from '../../../actors/nodes/adapters/system-clock.ts';
import { serveCluster } from '../../../actors/nodes/rest/serve-cluster.ts';
import type { Bench, Measurement } from '../bench.ts';
import { measure } from '../measure.ts';
import { ReportingCluster } from '../reporting-cluster.ts';
import type { ReportingClusterOptions } from '../reporting-cluster.ts';
import type { RestLoad } from '../rest-load.worker.ts';
import { THOUSAND_SUBTASKS } from './control-plane.ts';

const JOBS = 50;
const VERTICES = 100;
const CONCURRENCY = 8;

/** A chain of `VERTICES` vertices, each of one subtask. */
const HUNDRED_VERTICES = defineJob('a hundred vertices', (env) => {
  let stream = env.fromCollection([0]).rebalance();
  for (let i = 1; i < VERTICES; i++) stream = stream.map((value) => value).rebalance();
});

interface Scene {
  readonly job: JobDefinition;
  readonly jobs: number;
  readonly cluster: ReportingClusterOptions;
  /** Asked for, of the cluster's first job. */
  readonly path: (jobId: string) => string;
}

/** Answers to a path, the load coming from another thread, and what that does to the JobManager's event loop. */
async function benchRest(
  { job, jobs, cluster: options, path }: Scene,
  requests: number,
): Promise<Measurement> {
  const cluster = await ReportingCluster.start(job, options);
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const { jobManager, environment, configuration, client } = cluster;
  const server = await serveCluster(environment, {
    configuration,
    artifacts: new MemoryArtifactStore(),
    view: new ProcessView({
      logFile: undefined,
      threads: () => [],
      profiles: profileSettings(configuration),
      directory: join(directory, 'profiles'),
    }),
    metrics: new StoredMetrics(jobManager.metrics, systemClock),
    alerts: () => [],
    directory,
    shutDown: () => {},
  });
  try {
    for (let i = 0; i < jobs; i++) await cluster.run();
    const [first] = await client.list();
    const url = `${server?.url ?? ''}${path(first?.jobId ?? '')}`;
    await load({ url, requests: Math.ceil(requests / 10), concurrency: CONCURRENCY });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    let took = new Float64Array();
    const measured = await measure(async () => {
      took = await load({ url, requests, concurrency: CONCURRENCY });
      return requests;
    });
    delay.disable();
    const sorted = took.toSorted();
    return {
      ...measured,
      details: {
        answerMedianMs: sorted[Math.floor(requests * 0.5)] ?? 0,
        answerP99Ms: sorted[Math.floor(requests * 0.99)] ?? 0,
        eventLoopDelayP99Ms: delay.percentile(99) / 1e6,
      },
    };
  } finally {
    await server?.stop();
    await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function load(workerData: RestLoad): Promise<Float64Array<ArrayBuffer>> {
  const worker = new Worker(new URL('../rest-load.worker.ts', import.meta.url), { workerData });
  const [took] = (await once(worker, 'message')) as [Float64Array<ArrayBuffer>];
  await worker.terminate();
  return took;
}

export const restOverview: Bench = {
  name: 'rest-overview',
  title: `GET /jobs/overview of ${JOBS} jobs of ${VERTICES} vertices, answers per second; the load's CPU counts too`,
  records: 10_000,
  floor: 1_000,
  run: (records) =>
    benchRest(
      {
        job: HUNDRED_VERTICES,
        jobs: JOBS,
        cluster: { parallelism: 1, taskManagers: 10, slots: 5 },
        path: () => '/jobs/overview',
      },
      records,
    ),
};

export const restJob: Bench = {
  name: 'rest-job',
  title: 'GET /jobs/:jobid of a job of 1,000 subtasks, answers per second',
  records: 2_000,
  run: (records) =>
    benchRest(
      {
        job: THOUSAND_SUBTASKS,
        jobs: 1,
        cluster: { parallelism: 100, taskManagers: 25, slots: 4 },
        path: (jobId) => `/jobs/${jobId}`,
      },
      records,
    ),
};
