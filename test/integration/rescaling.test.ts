import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobId } from '../../actors/index.ts';
import { ClusterUnderTest, jobPath, until } from './cluster-under-test.ts';
import { rowsIn, slowSums } from './part-files.ts';
import { RestClient } from './rest-client.ts';

const COUNT = 2_400;
const ADAPTIVE = {
  'jobmanager.scheduler': 'adaptive',
  'jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling': '1 s',
};

let cluster: ClusterUnderTest;
let rest: RestClient;

beforeAll(async () => {
  cluster = await ClusterUnderTest.start({ taskManagers: 2, slots: 2 });
  await until('the REST API listens', async () => (await cluster.client.overview()).rest !== undefined);
  rest = new RestClient((await cluster.client.overview()).rest ?? '');
});

afterAll(async () => {
  await cluster?.stop();
});

/** Counts slowly, with checkpoints, so that there is time to rescale it. */
async function start(out: string, more: Readonly<Record<string, string>>): Promise<JobId> {
  return cluster.submit(jobPath('slow-sums.ts'), {
    'parallelism.default': '2',
    'execution.checkpointing.interval': '500 ms',
    'execution.checkpointing.dir': join(cluster.folder, 'checkpoints'),
    'pipeline.global-job-parameters.out': join(cluster.folder, out),
    'pipeline.global-job-parameters.count': String(COUNT),
    'pipeline.global-job-parameters.rate': '150',
    ...more,
  });
}

/** A source without a split of its own is FINISHED after its first checkpoint. */
async function untilRunsWith(jobId: JobId, parallelism: number): Promise<void> {
  await cluster.untilJob(jobId, `running with ${parallelism}`, ({ vertices }) =>
    vertices.every(
      ({ subtasks }) =>
        subtasks.length === parallelism &&
        subtasks.every(({ state }) => state === 'RUNNING' || state === 'FINISHED'),
    ),
  );
}

/** The same bounds for all vertices. */
async function bounds(jobId: JobId, lowerBound: number, upperBound: number): Promise<object> {
  const { body } = await rest.get(`/jobs/${jobId}/resource-requirements`);
  const parallelism = { lowerBound, upperBound };
  return Object.fromEntries(Object.keys(body as object).map((vertexId) => [vertexId, { parallelism }]));
}

describe('a job with the adaptive scheduler', () => {
  it('when its requirements are changed over REST, then it is rescaled while it runs, and its result is whole', async () => {
    const jobId = await start('rescaled', ADAPTIVE);
    await untilRunsWith(jobId, 2);
    const path = `/jobs/${jobId}/resource-requirements`;
    const present = await rest.get(path);
    expect(Object.values(present.body as object)).toEqual([
      { parallelism: { lowerBound: 1, upperBound: 2 } },
      { parallelism: { lowerBound: 1, upperBound: 2 } },
    ]);
    const up = await rest.ask('PUT', path, await bounds(jobId, 1, 4));
    expect([up.status, up.body]).toEqual([200, {}]);
    await untilRunsWith(jobId, 4);
    await rest.ask('PUT', path, await bounds(jobId, 1, 1));
    await untilRunsWith(jobId, 1);
    const overview = await rest.get(`/jobs/${jobId}/rescales/overview`);
    expect(overview.body.rescalesCounts).toEqual({ ignored: 0, inProgress: 0, completed: 2, failed: 0 });
    const history = await rest.get(`/jobs/${jobId}/rescales/history`);
    const [last] = history.body;
    expect(last).toMatchObject({ terminalState: 'COMPLETED', triggerCause: 'UPDATE_REQUIREMENT' });
    expect(Object.values(last.vertices as object)[0]).toMatchObject({
      desiredParallelism: 1,
      preRescaleParallelism: 4,
      postRescaleParallelism: 1,
    });
    const details = await rest.get(`/jobs/${jobId}/rescales/details/${last.rescaleUuid}`);
    expect(details.body).toEqual(last);
    const summary = await rest.get(`/jobs/${jobId}/rescales/summary`);
    expect(summary.body.completedRescalesDurationStatsInMillis.max).toBeGreaterThan(0);
    const config = await rest.get(`/jobs/${jobId}/rescales/config`);
    expect(config.body).toMatchObject({ rescaleHistoryMax: 5, executingCooldownTimeoutInMillis: 1_000 });
    const job = await cluster.untilEnded(jobId);
    expect(job).toMatchObject({ status: 'FINISHED', restarts: 0 });
    expect(await rowsIn(join(cluster.folder, 'rescaled'))).toEqual(slowSums(COUNT));
    await cluster.untilRegistered(2);
  });

  it('when it was rescaled and the JobManager is killed, then the next one runs it at the same parallelism', async () => {
    const jobId = await start('taken-up', ADAPTIVE);
    await untilRunsWith(jobId, 2);
    await rest.ask('PUT', `/jobs/${jobId}/resource-requirements`, await bounds(jobId, 3, 3));
    await untilRunsWith(jobId, 3);
    await cluster.jobManager.end('SIGKILL');
    cluster.startJobManager();
    await cluster.untilJob(jobId, 'known to the new JobManager', () => true);
    await untilRunsWith(jobId, 3);
    const job = await cluster.untilEnded(jobId);
    expect(job.status).toBe('FINISHED');
    expect(await rowsIn(join(cluster.folder, 'taken-up'))).toEqual(slowSums(COUNT));
    await until('the REST API listens', async () => (await cluster.client.overview()).rest !== undefined);
    rest = new RestClient((await cluster.client.overview()).rest ?? '');
  });
});

describe('requirements that cannot be', () => {
  it('when the job has another scheduler, or the bounds do not fit it, then they are refused with the reason', async () => {
    const fixed = await start('fixed', {});
    const adaptive = await start('bounded', { ...ADAPTIVE, 'pipeline.max-parallelism': '16' });
    await untilRunsWith(fixed, 2);
    await untilRunsWith(adaptive, 2);
    const refusals = [
      [fixed, await bounds(fixed, 1, 3), /keeps its parallelism.*jobmanager.scheduler: adaptive/],
      [adaptive, await bounds(adaptive, 3, 2), /cannot have from 3 to 2 subtasks/],
      [adaptive, await bounds(adaptive, 1, 17), /has 16 key groups \(pipeline.max-parallelism\)/],
      [adaptive, {}, /is missing: name all vertices/],
    ] as const;
    for (const [jobId, body, reason] of refusals) {
      const answer = await rest.ask('PUT', `/jobs/${jobId}/resource-requirements`, body);
      expect([answer.status, answer.body.errors[0]]).toEqual([400, expect.stringMatching(reason)]);
    }
    for (const jobId of [fixed, adaptive]) await cluster.client.cancel(jobId);
    for (const jobId of [fixed, adaptive]) await cluster.untilEnded(jobId);
  });
});
