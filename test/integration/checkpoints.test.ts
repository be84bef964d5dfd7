import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDetails, JobId } from '../../actors/index.ts';
import { ClusterUnderTest, cli, jobPath } from './cluster-under-test.ts';

const COUNT = 4_000;
const KEYS = 13;

let cluster: ClusterUnderTest;

beforeAll(async () => {
  cluster = await ClusterUnderTest.start({ taskManagers: 3, slots: 1 });
});

afterAll(async () => {
  await cluster?.stop();
});

/** Each number of each key, once. */
function expectedRows(): string[] {
  const counts = Array.from({ length: KEYS }, () => 0);
  return Array.from({ length: COUNT }, (_, i) => {
    const key = i % KEYS;
    counts[key] = (counts[key] ?? 0) + 1;
    return `${key}=${counts[key]}`;
  }).toSorted();
}

function start(more: Record<string, string> = {}): Promise<JobId> {
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

function recordsRead({ vertices }: JobDetails): number {
  return (vertices[0]?.subtasks ?? []).reduce((n, { counters }) => n + (counters?.numRecordsIn ?? 0), 0);
}

async function inTheMiddle(jobId: JobId): Promise<JobDetails> {
  return cluster.untilJob(jobId, 'in the middle', (details) => recordsRead(details) > COUNT / 4);
}

async function rowsOf(jobId: JobId): Promise<string[]> {
  return (await cluster.client.collect(jobId, 'collect')).map(String);
}

function address(): string[] {
  return ['--nats', cluster.nats.url, '--cluster', 'test', '--json'];
}

/** The command's answer. */
async function millrace(...args: string[]): Promise<Record<string, unknown>> {
  const { code, lines, stderr } = await cli([...args, ...address()]);
  expect(code, stderr).toBe(0);
  return lines.at(-1) ?? {};
}

describe('a job with checkpoints', () => {
  it('when a TaskManager is killed, then it goes on from the last checkpoint and every row is there once', async () => {
    const jobId = await start();
    const job = await inTheMiddle(jobId);
    const victim = job.vertices[0]?.subtasks[0]?.taskManagerId ?? '';
    await cluster.taskManagers.get(victim)?.end('SIGKILL');
    expect(await cluster.untilEnded(jobId)).toMatchObject({ status: 'FINISHED', restarts: 1 });
    expect((await rowsOf(jobId)).toSorted()).toEqual(expectedRows());
    cluster.startTaskManager('tm-again');
    await cluster.untilRegistered(3);
  });

  it('when it is stopped with a savepoint and begun again at other parallelisms, then every row is there once', async () => {
    const rows: string[] = [];
    const folder = join(cluster.folder, 'savepoints');
    let savepoint: string | undefined;
    const parallelisms = ['2', '3', '1'];
    for (const [index, parallelism] of parallelisms.entries()) {
      const from = savepoint === undefined ? {} : { 'execution.state-recovery.path': savepoint };
      const jobId = await start({ 'parallelism.default': parallelism, ...from });
      if (index + 1 === parallelisms.length) {
        expect(await cluster.untilEnded(jobId)).toMatchObject({ status: 'FINISHED', restarts: 0 });
      } else {
        await cluster.untilJob(jobId, 'under way', (details) => recordsRead(details) > COUNT / 8);
        savepoint = await cluster.client.snapshot(jobId, 'savepoint', { directory: folder, stop: true });
        expect(await cluster.untilEnded(jobId)).toMatchObject({ status: 'FINISHED', restarts: 0 });
      }
      rows.push(...(await rowsOf(jobId)));
    }
    expect(rows.toSorted()).toEqual(expectedRows());
  });

  it('when a savepoint is taken of a running job, then the job goes on and the savepoint can be begun from', async () => {
    // Slow enough to be there still when both commands have started, on any machine.
    const jobId = await start({ 'pipeline.global-job-parameters.rate': '250' });
    await cluster.untilJob(jobId, 'under way', (details) => recordsRead(details) > 0);
    const { location } = await millrace('savepoint', jobId, join(cluster.folder, 'savepoints'));
    const { location: checkpoint } = await millrace('checkpoint', jobId);
    expect(String(checkpoint)).toMatch(/chk-\d+$/);
    expect(await cluster.untilEnded(jobId)).toMatchObject({ status: 'FINISHED', restarts: 0 });
    expect((await rowsOf(jobId)).toSorted()).toEqual(expectedRows());
    const again = await start({ 'execution.state-recovery.path': String(location) });
    expect(await cluster.untilEnded(again)).toMatchObject({ status: 'FINISHED', restarts: 0 });
    const rest = await rowsOf(again);
    expect(rest.length).toBeGreaterThan(0);
    expect(rest.length).toBeLessThan(COUNT);
    expect(expectedRows()).toEqual(expect.arrayContaining(rest));
  });

  it('when the command line stops a job, then it ends with a savepoint', async () => {
    const jobId = await start({ 'pipeline.global-job-parameters.rate': '200' });
    await cluster.untilJob(jobId, 'under way', (details) => recordsRead(details) > 0);
    const stopped = await millrace('stop', jobId, '-p', join(cluster.folder, 'savepoints'), '--drain');
    expect(stopped).toMatchObject({ type: 'savepointCompleted', stopped: true });
    expect(await cluster.untilEnded(jobId)).toMatchObject({ status: 'FINISHED', restarts: 0 });
  });

  it('when the path of a savepoint is wrong, then the job fails and names it', async () => {
    const jobId = await start({ 'execution.state-recovery.path': join(cluster.folder, 'nowhere') });
    const job = await cluster.untilEnded(jobId);
    expect(job.status).toBe('FAILED');
    expect(JSON.stringify(job.failure)).toContain('nowhere');
  });
});
