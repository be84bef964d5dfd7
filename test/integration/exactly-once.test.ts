import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDetails, JobId } from '../../actors/index.ts';
import { JetStreamSource } from '../../src/connectors/jetstream/jetstream-source.ts';
import { runSource } from '../../src/connectors/test-support/run-source.ts';
import { jsonSchema } from '../../src/formats/schema.ts';
import { noAtomicBatches } from './atomic-batches.ts';
import { ClusterUnderTest, jobPath } from './cluster-under-test.ts';

const COUNT = 6_000;
const RATE = 1_000;

let cluster: ClusterUnderTest;

beforeAll(async () => {
  cluster = await ClusterUnderTest.start({ taskManagers: 3, slots: 1 });
});

afterAll(async () => {
  await cluster?.stop();
});

const inOrder = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
const all = Array.from({ length: COUNT }, (_, index) => index);

async function numbersInFiles(folder: string): Promise<number[]> {
  const texts = (await readdir(folder))
    .filter((name) => !name.startsWith('.'))
    .map((name) => readFile(join(folder, name), 'utf8'));
  return inOrder((await Promise.all(texts)).flatMap((text) => text.trimEnd().split('\n').map(Number)));
}

async function numbersInStream(stream: string): Promise<number[]> {
  const servers = cluster.nats.url;
  const source = { servers, stream, until: 'latest', deserializer: jsonSchema<number>() } as const;
  return inOrder((await runSource(new JetStreamSource<number>(source))).values);
}

const recordsRead = ({ vertices }: JobDetails): number =>
  (vertices[0]?.subtasks ?? []).reduce((sum, { counters }) => sum + (counters?.numRecordsIn ?? 0), 0);

let runs = 0;

/** Starts the job with a folder and a stream of its own, and waits until it reads. */
async function startJob(): Promise<{ readonly jobId: JobId; readonly out: string; readonly stream: string }> {
  const stream = `OUT${(runs += 1)}`;
  const out = join(cluster.folder, stream);
  const connection = await connect({ servers: cluster.nats.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: stream, subjects: [`${stream}.>`], allow_atomic: true } as never);
  await connection.close();
  const jobId = await cluster.submit(jobPath('numbers-out.ts'), {
    'parallelism.default': '2',
    'execution.checkpointing.interval': '250 ms',
    'execution.checkpointing.dir': join(cluster.folder, 'checkpoints'),
    'restart-strategy.exponential-delay.initial-backoff': '100 ms',
    'pipeline.global-job-parameters.by': noAtomicBatches === '' ? 'atomic-batches' : 'deduplication',
    'pipeline.global-job-parameters.out': out,
    'pipeline.global-job-parameters.servers': cluster.nats.url,
    'pipeline.global-job-parameters.subject': `${stream}.numbers`,
    'pipeline.global-job-parameters.count': String(COUNT),
    'pipeline.global-job-parameters.rate': String(RATE),
  });
  return { jobId, out, stream };
}

/** Waits until all subtasks run, in this life of the job or a later one, and for `ms` more. */
async function untilRunning(jobId: JobId, restarts: number, ms: number): Promise<JobDetails> {
  const running = await cluster.untilJob(jobId, 'running', (job) => {
    const states = job.vertices.flatMap(({ subtasks }) => subtasks.map(({ state }) => state));
    return (
      job.status === 'RUNNING' && job.restarts >= restarts && states.every((state) => state === 'RUNNING')
    );
  });
  await cluster.untilJob(jobId, 'reading', (job) => recordsRead(job) > 100);
  await new Promise((resolve) => setTimeout(resolve, ms));
  return running;
}

describe('a job that writes files and a stream exactly once', () => {
  it('when TaskManagers are killed while it runs, then every number is in both once, and nothing else is left', async () => {
    const { jobId, out, stream } = await startJob();
    for (const [kill, wait] of [700, 1_130].entries()) {
      const { vertices } = await untilRunning(jobId, kill, wait);
      const victim = vertices[0]?.subtasks[kill % 2]?.taskManagerId ?? '';
      await cluster.taskManagers.get(victim)?.end('SIGKILL');
      cluster.startTaskManager(`spare-${kill}`);
    }
    const job = await cluster.untilEnded(jobId);
    expect(job.status).toBe('FINISHED');
    expect(job.restarts).toBeGreaterThanOrEqual(2);
    expect(await numbersInFiles(out)).toEqual(all);
    expect(await numbersInStream(stream)).toEqual(all);
    expect((await readdir(out)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('when the JobManager is killed while it runs, then the next one goes on from a checkpoint, and every number is in both once', async () => {
    const { jobId, out, stream } = await startJob();
    await untilRunning(jobId, 0, 900);
    const before = await numbersInStream(stream);
    expect(before.length).toBeGreaterThan(0);
    await cluster.jobManager.end('SIGKILL');
    cluster.startJobManager();
    await cluster.untilJob(jobId, 'known to the new JobManager', () => true);
    const job = await cluster.untilEnded(jobId);
    expect(job.failure).toBeUndefined();
    expect(job.status).toBe('FINISHED');
    expect(await numbersInFiles(out)).toEqual(all);
    expect(await numbersInStream(stream)).toEqual(all);
  });
});
