import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Configuration, MiniCluster, prepareJob } from '../../actors/index.ts';
import type { JobDetails, JobId } from '../../actors/index.ts';
import { openSnapshot } from '../../src/state/snapshot/open-snapshot.ts';
import { jobPath } from './cluster-under-test.ts';

const COUNT = 24_000;
/** Records of a second while a snapshot is waited for, and how long the slow operator takes for ten of them, ms: the job is far from its end. */
const [RATE, PAUSE] = ['3000', '5'];
const BEFORE = 2;

let folder: string;
let cluster: MiniCluster;
let expected: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-matrix-'));
  const configuration = Configuration.of([['taskmanager.numberOfTaskSlots', '3']]);
  cluster = await MiniCluster.start({ configuration });
  const output = join(folder, 'whole');
  await ended(await submit({ output }));
  expected = await linesBelow(output);
});
afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true });
});

async function submit({
  output,
  ...more
}: {
  readonly output: string;
  readonly [key: string]: string;
}): Promise<JobId> {
  const configuration = Configuration.of(
    Object.entries({
      'parallelism.default': String(BEFORE),
      'execution.checkpointing.dir': join(folder, 'checkpoints'),
      // None comes by itself, but subtasks that have ended wait for the one that is asked for.
      'execution.checkpointing.interval': '1 h',
      'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
      'pipeline.global-job-parameters.count': String(COUNT),
      'pipeline.global-job-parameters.output': output,
      'pipeline.global-job-parameters.rate': '1000000',
      'pipeline.global-job-parameters.pause': '0',
      ...more,
    }),
  );
  const job = await prepareJob(jobPath('matrix.ts'), configuration);
  const jobId = cluster.client.newJobId();
  await cluster.artifacts.put(job.bundle.source);
  const module = { sha256: job.bundle.sha256 };
  await cluster.client.submit({ jobId, module, configuration: configuration.toRecord() });
  return jobId;
}

function ended(jobId: JobId): Promise<JobDetails> {
  return cluster.client.watch(jobId);
}

/** Waits until records have come to the slow operator. */
async function inTheMiddle(jobId: JobId): Promise<void> {
  const there = Promise.withResolvers<void>();
  void cluster.client.watch(jobId, ({ vertices }) => {
    const slow = vertices.find(({ name }) => name.startsWith('Keyed Process'));
    const counts = slow?.subtasks.map(({ counters }) => counters?.numRecordsIn ?? 0) ?? [];
    if (counts.reduce((a, b) => a + b, 0) > COUNT / 16) there.resolve();
  });
  await there.promise;
}

/** What is committed in all the files. */
async function linesBelow(output: string): Promise<string[]> {
  const lines: string[] = [];
  for (const sink of await readdir(output))
    for (const name of await readdir(join(output, sink)))
      if (!name.startsWith('.'))
        lines.push(
          ...(await readFile(join(output, sink, name), 'utf8')).split('\n').map((line) => `${sink} ${line}`),
        );
  return lines.filter((line) => !line.endsWith(' ')).toSorted();
}

/** Subtasks of which a snapshot held records on their way. */
let inFlight = 0;

const KINDS = [
  ...['hashmap', 'rocksdb'].flatMap((backend) =>
    ['aligned', 'unaligned'].map((alignment) => [backend, alignment] as const),
  ),
  // As rocksdb, but for the restore: records on their way wait for their rows too.
  ['forst', 'unaligned'] as const,
];

describe.each(KINDS)(
  'of state in %s, an %s snapshot with timers, windows, TTL and committables',
  (backend, alignment) => {
    describe.each(['checkpoint', 'savepoint'] as const)('which is a %s', (kind) => {
      it.each([1, 2, 3])(
        `when a job of parallelism ${BEFORE} goes on from it at %i, then all is there once`,
        async (parallelism) => {
          const output = join(folder, `${backend}-${alignment}-${kind}-${parallelism}`);
          const settings = {
            'state.backend.type': backend,
            'execution.checkpointing.unaligned.enabled': String(alignment === 'unaligned'),
          };
          const jobId = await submit({
            output,
            ...settings,
            'pipeline.global-job-parameters.rate': RATE,
            'pipeline.global-job-parameters.pause': PAUSE,
          });
          await inTheMiddle(jobId);
          const directory = join(folder, 'savepoints');
          const path = await cluster.client.snapshot(
            jobId,
            kind,
            kind === 'savepoint' ? { directory, stop: true } : {},
          );
          if (kind === 'checkpoint') await cluster.client.cancel(jobId);
          expect(await ended(jobId)).toMatchObject({
            status: kind === 'savepoint' ? 'FINISHED' : 'CANCELED',
          });
          const { manifest } = await openSnapshot(cluster.environment.snapshots, path);
          const onTheirWay = manifest.vertices.flatMap(({ subtasks }) =>
            subtasks.filter((one) => one?.inFlight),
          );
          inFlight += onTheirWay.length;
          const { latest } = await cluster.client.checkpointStatistics(jobId);
          expect(latest[kind === 'savepoint' ? 'savepoint' : 'completed']?.persistedBytes).toBe(
            onTheirWay.reduce((sum, one) => sum + (one?.inFlight?.size ?? 0), 0),
          );
          const again = await submit({
            output,
            ...settings,
            'parallelism.default': String(parallelism),
            'execution.state-recovery.path': path,
          });
          const job = await ended(again);
          expect(job.failure).toBeUndefined();
          expect(job).toMatchObject({ status: 'FINISHED', restarts: 0 });
          expect(await linesBelow(output)).toEqual(expected);
        },
      );
    });
  },
);

it('when checkpoints were unaligned, then some held records that were on their way', () => {
  expect(inFlight).toBeGreaterThan(0);
});
