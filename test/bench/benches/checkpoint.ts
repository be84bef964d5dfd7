import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Configuration, MiniCluster, prepareJob } from 'millrace/cluster';
import type { JobDetails } from 'millrace/cluster';
import type { Bench, Measurement } from '../bench.ts';
import { cpuSeconds, peakRssMb } from '../measure.ts';
import { runJobEmbedded } from '../run-job.ts';

const MODULE = new URL('../jobs/keyed-state.ts', import.meta.url);
const KEYS = 5_000_000;
const PARAMETERS = { keys: String(KEYS) };

async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export const checkpointNone: Bench = {
  name: 'checkpoint-none',
  title: 'five million keys in state, one slot, without checkpoints',
  records: 40_000_000,
  run: (records) => runJobEmbedded({ module: MODULE, records, parallelism: 1, parameters: PARAMETERS }),
};

export const checkpoint: Bench = {
  name: 'checkpoint',
  title: 'the same with a checkpoint every 10 s',
  records: 40_000_000,
  comparedWith: { bench: 'checkpoint-none', floor: 0.95 },
  run: (records) =>
    withDirectory((directory) =>
      runJobEmbedded({
        module: MODULE,
        records,
        parallelism: 1,
        parameters: PARAMETERS,
        configuration: {
          'execution.checkpointing.interval': '10 s',
          'execution.checkpointing.dir': directory,
        },
      }),
    ),
};

export const savepoint: Bench = {
  name: 'savepoint',
  title: 'a savepoint of five million keys of a job that goes on, from the request until it is complete',
  records: KEYS,
  run: (keys) => withDirectory((directory) => takeSavepoint(keys, directory)),
};

/** Of a running job, once every key has been seen. */
async function takeSavepoint(keys: number, directory: string): Promise<Measurement> {
  const configuration = Configuration.of(
    Object.entries({
      'parallelism.default': '1',
      'execution.checkpointing.dir': join(directory, 'checkpoints'),
      'pipeline.global-job-parameters.keys': String(keys),
      'pipeline.global-job-parameters.records': '100000000000',
      'pipeline.global-job-parameters.report': directory,
    }),
  );
  const cluster = await MiniCluster.start({ configuration });
  try {
    const { bundle } = await prepareJob(MODULE, configuration);
    await cluster.artifacts.put(bundle.source);
    const { client } = cluster;
    const jobId = client.newJobId();
    await client.submit({
      jobId,
      module: { sha256: bundle.sha256 },
      configuration: configuration.toRecord(),
    });
    const all = Promise.withResolvers<void>();
    const ended = client.watch(jobId, (job) => {
      if (recordsSeen(job) > keys) all.resolve();
    });
    await all.promise;
    const cpu = cpuSeconds();
    const startedAt = performance.now();
    await client.snapshot(jobId, 'savepoint', { directory: join(directory, 'savepoints') });
    const seconds = (performance.now() - startedAt) / 1_000;
    const cpuOfSavepoint = cpuSeconds() - cpu;
    await client.cancel(jobId);
    await ended;
    return { records: keys, seconds, cpuSeconds: cpuOfSavepoint, peakRssMb: peakRssMb() };
  } finally {
    await cluster.stop();
  }
}

function recordsSeen({ vertices }: JobDetails): number {
  const [source] = vertices;
  return (source?.subtasks ?? []).reduce((sum, { counters }) => sum + (counters?.numRecordsOut ?? 0), 0);
}
