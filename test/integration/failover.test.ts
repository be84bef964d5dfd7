import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDetails, JobId } from '../../actors/index.ts';
import type { CliProcess } from './cluster-under-test.ts';
import { ClusterUnderTest, jobPath } from './cluster-under-test.ts';
import { rowsIn, slowSums } from './part-files.ts';

const COUNT = 900;

let cluster: ClusterUnderTest;

beforeAll(async () => {
  cluster = await ClusterUnderTest.start({ taskManagers: 3, slots: 1 });
});

afterAll(async () => {
  await cluster?.stop();
});

/** Starts the job on two of the three TaskManagers and waits until it is in the middle of its records. */
async function startJob(out: string): Promise<{ jobId: JobId; out: string; used: string[] }> {
  const folder = join(cluster.folder, out);
  const jobId = await cluster.submit(jobPath('slow-sums.ts'), {
    'parallelism.default': '2',
    'restart-strategy.exponential-delay.initial-backoff': '100 ms',
    'pipeline.global-job-parameters.out': folder,
    'pipeline.global-job-parameters.count': String(COUNT),
    'pipeline.global-job-parameters.rate': '400',
  });
  const job = await cluster.untilJob(jobId, 'in the middle', (details) => recordsRead(details) > COUNT / 8);
  const used = new Set(
    job.vertices.flatMap(({ subtasks }) => subtasks.map(({ taskManagerId }) => taskManagerId)),
  );
  expect(used.size).toBe(2);
  return { jobId, out: folder, used: [...used].filter((id) => id !== undefined) };
}

function recordsRead({ vertices }: JobDetails): number {
  return (vertices[0]?.subtasks ?? []).reduce((n, { counters }) => n + (counters?.numRecordsIn ?? 0), 0);
}

function processOf(id: string | undefined): CliProcess {
  const found = cluster.taskManagers.get(id ?? '');
  if (found === undefined) throw new Error(`no process of TaskManager ${id}`);
  return found;
}

describe('a TaskManager that is lost in the middle of a job', () => {
  it('when it stalls longer than heartbeat.timeout and wakes up, then the job has restarted and its result is whole', async () => {
    const { jobId, out, used } = await startJob('stalled');
    const victim = processOf(used[0]);
    victim.child.kill('SIGSTOP');
    const restarted = await cluster.untilJob(
      jobId,
      'running again',
      ({ restarts, status, vertices }) =>
        restarts > 0 &&
        status === 'RUNNING' &&
        vertices.every(({ subtasks }) => subtasks.every(({ state }) => state === 'RUNNING')),
    );
    expect(restarted.failure?.message).toMatch(new RegExp(`TaskManager ${used[0]}`));
    victim.child.kill('SIGCONT');
    const job = await cluster.untilEnded(jobId);
    expect(job).toMatchObject({ status: 'FINISHED', restarts: 1 });
    await cluster.untilRegistered(3);
    expect(await rowsIn(out)).toEqual(slowSums(COUNT));
  });

  it('when it is killed, then the job restarts on the spare one and its result is whole', async () => {
    const { jobId, out, used } = await startJob('killed');
    const victim = processOf(used[1]);
    await victim.end('SIGKILL');
    const job = await cluster.untilEnded(jobId);
    expect(job).toMatchObject({ status: 'FINISHED', restarts: 1 });
    expect(await rowsIn(out)).toEqual(slowSums(COUNT));
    await cluster.untilRegistered(2);
  });

  it('when no other is free and a new one joins, then the job goes on there', async () => {
    const { jobId, out, used } = await startJob('replaced');
    await processOf(used[0]).end('SIGKILL');
    await cluster.untilJob(jobId, 'restarting', ({ restarts }) => restarts > 0);
    cluster.startTaskManager('tm-4');
    const job = await cluster.untilEnded(jobId);
    expect(job).toMatchObject({ status: 'FINISHED', restarts: 1 });
    expect(await rowsIn(out)).toEqual(slowSums(COUNT));
    await cluster.untilRegistered(2);
  });

  it('when it ends in order by SIGTERM, then it says goodbye at once and exits with 0', async () => {
    const { jobId, used } = await startJob('orderly');
    cluster.startTaskManager('tm-5');
    const leaving = processOf(used[0]);
    await leaving.end('SIGTERM');
    expect(await leaving.ended).toEqual({ code: 0, signal: null });
    const job = await cluster.untilEnded(jobId);
    expect(job).toMatchObject({ status: 'FINISHED', restarts: 1 });
    await cluster.untilRegistered(2);
  });
});

describe('a JobManager that is killed', () => {
  it('when the next one starts, then it takes the job up again and its result is whole', async () => {
    const { jobId, out } = await startJob('taken-up');
    await cluster.jobManager.end('SIGKILL');
    cluster.startJobManager();
    await cluster.untilJob(jobId, 'known to the new JobManager', () => true);
    const job = await cluster.untilEnded(jobId);
    expect(job.status).toBe('FINISHED');
    expect(await rowsIn(out)).toEqual(slowSums(COUNT));
    await cluster.untilRegistered(2);
  });
});
