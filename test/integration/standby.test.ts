import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JobId } from '../../actors/index.ts';
import { ClusterUnderTest, cli, jobPath, until } from './cluster-under-test.ts';
import type { CliProcess } from './cluster-under-test.ts';
import { rowsIn, slowSums } from './part-files.ts';

const COUNT = 900;

const ELECTION = [
  '-D',
  'high-availability.type=nats',
  '-D',
  'high-availability.leader-election.lease-duration=2s',
  '-D',
  'high-availability.leader-election.renew-deadline=1500ms',
  '-D',
  'high-availability.leader-election.retry-period=200ms',
];

let cluster: ClusterUnderTest;
let first: CliProcess;
let second: CliProcess;

beforeAll(async () => {
  cluster = await ClusterUnderTest.start({ taskManagers: 2, slots: 1, arguments: ELECTION });
  first = cluster.jobManager;
  second = cluster.startJobManager('second');
  await until('the second stands by', async () => (await standbyUrl()) !== undefined);
});

afterAll(async () => {
  await cluster?.stop();
});

async function standbyUrl(): Promise<string | undefined> {
  const lines = await cluster.logged('REST port sends to the leader', 'second');
  return lines.at(-1)?.['url'] as string | undefined;
}

async function leads(role: string): Promise<number> {
  return (await cluster.logged('JobManager leads', role)).length;
}

async function start(out: string): Promise<JobId> {
  const jobId = await cluster.submit(jobPath('slow-sums.ts'), {
    'parallelism.default': '2',
    'restart-strategy.exponential-delay.initial-backoff': '100 ms',
    'execution.checkpointing.interval': '300 ms',
    'execution.checkpointing.dir': join(cluster.folder, 'checkpoints'),
    'pipeline.global-job-parameters.out': join(cluster.folder, out),
    'pipeline.global-job-parameters.count': String(COUNT),
    'pipeline.global-job-parameters.rate': '300',
  });
  await cluster.untilJob(jobId, 'in the middle', ({ vertices: [source] }) => {
    const read = (source?.subtasks ?? []).reduce((n, { counters }) => n + (counters?.numRecordsIn ?? 0), 0);
    return read > COUNT / 8;
  });
  return jobId;
}

it('when a JobManager stands by, then its REST port and those who ask there are sent to the one that leads', async () => {
  const url = (await standbyUrl()) ?? '';
  const leader = (await cluster.client.overview()).rest;
  await until('the leader has told where its REST API is', async () => {
    const { status } = await fetch(`${url}/overview`, { redirect: 'manual' });
    return status !== 503;
  });
  const answer = await fetch(`${url}//v1/jobs/overview?a=b`, { redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([307, `${leader}/v1/jobs/overview?a=b`]);
  const listed = await cli(['list', '-m', new URL(url).host, '--json']);
  expect([listed.code, listed.stderr]).toEqual([0, '']);
});

it('when the leader stalls until its lease is over, then the next one goes on with its job, and it stands by when it wakes up', async () => {
  const jobId = await start('stalled');
  first.child.kill('SIGSTOP');
  await until('the second leads', async () => (await leads('second')) === 1);
  first.child.kill('SIGCONT');
  await until('the first has heard of it', async () => {
    const standing = await cluster.logged('JobManager stands by');
    return standing.length > 0;
  });
  expect((await cluster.untilEnded(jobId)).status).toBe('FINISHED');
  expect(await rowsIn(join(cluster.folder, 'stalled'))).toEqual(slowSums(COUNT));
  expect(first.isRunning).toBe(true);
});

it('when the leader is killed, then the one that stands by goes on with its job; when it leaves in order, at once', async () => {
  const jobId = await start('killed');
  await second.end('SIGKILL');
  await until('the first leads again', async () => (await leads('jobmanager')) === 2);
  second = cluster.startJobManager('third');
  await until('a third stands by', async () => {
    const standing = await cluster.logged('JobManager stands by', 'third');
    return standing.length > 0;
  });
  await first.end('SIGTERM');
  expect(await first.ended).toEqual({ code: 0, signal: null });
  await until('the third leads', async () => (await leads('third')) === 1);
  expect((await cluster.untilEnded(jobId)).status).toBe('FINISHED');
  expect(await rowsIn(join(cluster.folder, 'killed'))).toEqual(slowSums(COUNT));
});
