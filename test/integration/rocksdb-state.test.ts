import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDetails, JobId } from '../../actors/index.ts';
import { Configuration, runEmbedded } from '../../actors/index.ts';
import { ClusterUnderTest, jobPath } from './cluster-under-test.ts';

const EVERY_STATE = fileURLToPath(new URL('../golden/every-state.ts', import.meta.url));
const GOLDEN = fileURLToPath(new URL('../golden/hashmap-1', import.meta.url));
const COUNT = 4_000;
const KEYS = 13;

let folder: string;
let cluster: ClusterUnderTest;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-rocksdb-test-'));
  cluster = await ClusterUnderTest.start({ taskManagers: 3, slots: 1 });
});

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true });
});

const rocksDb = (name: string): Record<string, string> => ({
  'state.backend.type': 'rocksdb',
  'state.backend.rocksdb.localdir': join(folder, name),
});

async function rowsOfEveryState(more: Record<string, string>): Promise<string[]> {
  const configuration = Configuration.of(
    Object.entries({
      'pipeline.global-job-parameters.count': '2000',
      'pipeline.global-job-parameters.rate': '100000',
      ...more,
    }),
  );
  const result = await runEmbedded(EVERY_STATE, { configuration, slots: 3 });
  expect(result.job.failure).toBeUndefined();
  return result.collect().map(String).toSorted();
}

/** Each number of each key, once. */
function expectedRows(): string[] {
  const counts = Array.from({ length: KEYS }, () => 0);
  return Array.from({ length: COUNT }, (_, i) => {
    const key = i % KEYS;
    counts[key] = (counts[key] ?? 0) + 1;
    return `${key}=${counts[key]}`;
  }).toSorted();
}

function start(more: Record<string, string>): Promise<JobId> {
  return cluster.submit(jobPath('running-counts.ts'), {
    'parallelism.default': '2',
    'restart-strategy.exponential-delay.initial-backoff': '100 ms',
    'execution.checkpointing.interval': '200 ms',
    'execution.checkpointing.dir': pathToFileURL(join(cluster.folder, 'checkpoints')).href,
    'pipeline.global-job-parameters.count': String(COUNT),
    'pipeline.global-job-parameters.rate': '1000',
    ...more,
  });
}

function underWay(jobId: JobId): Promise<JobDetails> {
  return cluster.untilJob(jobId, 'under way', ({ vertices }) => {
    const read = (vertices[0]?.subtasks ?? []).reduce(
      (n, { counters }) => n + (counters?.numRecordsIn ?? 0),
      0,
    );
    return read > COUNT / 8;
  });
}

async function rowsOf(jobId: JobId): Promise<string[]> {
  return (await cluster.client.collect(jobId, 'collect')).map(String);
}

describe('keyed state in RocksDB', () => {
  it.each(['1', '2', '3'])(
    'when a job goes on from a savepoint of hashmap at parallelism %s, then it ends as one that was never stopped, and leaves no files',
    async (parallelism) => {
      const parallel = { 'parallelism.default': parallelism };
      const whole = await rowsOfEveryState(parallel);
      const databases = `from-hashmap-${parallelism}`;
      const from = { ...parallel, 'execution.state-recovery.path': GOLDEN };
      expect(await rowsOfEveryState({ ...from, ...rocksDb(databases) })).toEqual(whole);
      expect(await readdir(join(folder, databases))).toEqual([]);
    },
  );

  it.each([
    ['rocksdb', 'tm-again'],
    ['forst', 'tm-once-more'],
  ])(
    'when a TaskManager is killed (%s), then the job goes on from the last checkpoint and every row is there once',
    async (backend, successor) => {
      const jobId = await start({ ...rocksDb(`killed-${backend}`), 'state.backend.type': backend });
      const job = await underWay(jobId);
      const victim = job.vertices[0]?.subtasks[0]?.taskManagerId ?? '';
      await cluster.taskManagers.get(victim)?.end('SIGKILL');
      expect(await cluster.untilEnded(jobId)).toMatchObject({ status: 'FINISHED', restarts: 1 });
      expect((await rowsOf(jobId)).toSorted()).toEqual(expectedRows());
      cluster.startTaskManager(successor);
      await cluster.untilRegistered(3);
    },
  );

  it('when a job is stopped and begun again on the other backend and at another parallelism, then every row is there once', async () => {
    const rows: string[] = [];
    let savepoint: string | undefined;
    const runs = [
      { 'parallelism.default': '2', ...rocksDb('first') },
      { 'parallelism.default': '3', 'state.backend.type': 'hashmap' },
      { 'parallelism.default': '1', ...rocksDb('last') },
    ];
    for (const [index, run] of runs.entries()) {
      const from = savepoint === undefined ? {} : { 'execution.state-recovery.path': savepoint };
      const jobId = await start({ ...run, ...from });
      if (index + 1 < runs.length) {
        await underWay(jobId);
        savepoint = await cluster.client.snapshot(jobId, 'savepoint', {
          directory: join(cluster.folder, 'savepoints'),
          stop: true,
        });
      }
      expect(await cluster.untilEnded(jobId)).toMatchObject({ status: 'FINISHED', restarts: 0 });
      rows.push(...(await rowsOf(jobId)));
    }
    expect(rows.toSorted()).toEqual(expectedRows());
  });
});
