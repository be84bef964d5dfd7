import { describe, expect, it } from 'vitest';
import type { Epoch, JobId } from '../../src/base/ids.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import { MemoryMetadataStore } from '../../src/storage/memory/metadata-store.ts';
import { RecordingLogger } from '../../src/testing/recording-logger.ts';
import { claimEpoch } from '../leader-election/epochs.ts';
import { JobStore } from './job-store.ts';

const JOB = {
  jobId: 'a'.repeat(32) as JobId,
  moduleSha256: '0'.repeat(64),
  configuration: {},
  submittedAt: 0,
};
const FAILED = {
  jobId: JOB.jobId,
  name: 'n',
  status: 'FAILED',
  submittedAt: 0,
  endedAt: 9,
  tasksTotal: 1,
  tasksRunning: 0,
  taskStates: { FAILED: 1 },
  lastModified: 9,
  restarts: 3,
  vertices: [],
  results: 0,
} as const satisfies JobDetails;

/** A leader; each one deposes those before. */
async function leaderOf(metadata: MemoryMetadataStore): Promise<JobStore> {
  return new JobStore(metadata, await claimEpoch(metadata), new RecordingLogger());
}

async function jobsOf(metadata: MemoryMetadataStore): Promise<readonly JobId[]> {
  return (await (await leaderOf(metadata)).recover()).jobs.map(({ jobId }) => jobId);
}

describe('jobs that leaders hand on', () => {
  it('when a job is taken up, then the next leader has it; when it ends, then it is known to have ended, and not run', async () => {
    const metadata = new MemoryMetadataStore();
    const first = await leaderOf(metadata);
    await first.takeUp(JOB, true);
    expect(await jobsOf(metadata)).toEqual([JOB.jobId]);
    const second = await leaderOf(metadata);
    await second.takeUp(JOB, false);
    await second.settle(FAILED);
    const third = await leaderOf(metadata);
    expect(await third.recover()).toMatchObject({ jobs: [], left: [{ job: JOB, status: 'FAILED' }] });
    await third.forget(JOB.jobId);
    expect(await (await leaderOf(metadata)).recover()).toEqual({ jobs: [], left: [] });
    expect(third.ended.all()).toMatchObject([{ jobId: JOB.jobId, status: 'FAILED' }]);
  });

  it('when a leader was deposed before the next one took its job up, then it ends no job', async () => {
    const metadata = new MemoryMetadataStore();
    const deposed = await leaderOf(metadata);
    await deposed.takeUp(JOB, true);
    await leaderOf(metadata);
    await expect(deposed.settle(FAILED)).rejects.toThrow(
      /another JobManager leads now \(epoch 2, this one's is 1\)/,
    );
    expect(await jobsOf(metadata)).toEqual([JOB.jobId]);
  });

  it('when the end was noted by one that was deposed while it did, then the job goes on, and its entry stays', async () => {
    const metadata = new MemoryMetadataStore();
    const deposed = await leaderOf(metadata);
    await deposed.takeUp(JOB, true);
    await (await leaderOf(metadata)).takeUp(JOB, false);
    // It had asked who leads just before.
    await deposed.ended.add(FAILED, 1 as Epoch);
    await deposed.forget(JOB.jobId);
    const next = await leaderOf(metadata);
    expect((await next.recover()).jobs.map(({ jobId }) => jobId)).toEqual([JOB.jobId]);
    expect(await metadata.keys('ended.')).toEqual([]);
  });

  it('when a job is submitted to one that was deposed, then it is refused, and left to nobody', async () => {
    const metadata = new MemoryMetadataStore();
    const deposed = await leaderOf(metadata);
    await leaderOf(metadata);
    await expect(deposed.takeUp(JOB, true)).rejects.toMatchObject({ name: 'DeposedError', retryable: true });
    expect(await jobsOf(metadata)).toEqual([]);
  });

  it('when the next leader has found a job of one that was deposed, then that one takes it back no more', async () => {
    const metadata = new MemoryMetadataStore();
    const deposed = await leaderOf(metadata);
    await deposed.takeUp(JOB, true);
    await (await leaderOf(metadata)).takeUp(JOB, false);
    await expect(deposed.takeUp(JOB, false)).rejects.toMatchObject({ name: 'DeposedError' });
  });

  it('when a job has ended meanwhile, then it is not taken up', async () => {
    const metadata = new MemoryMetadataStore();
    const leader = await leaderOf(metadata);
    await leader.takeUp(JOB, true);
    await leader.settle(FAILED);
    await expect(leader.takeUp(JOB, false)).rejects.toMatchObject({ name: 'NotFoundError' });
  });
});
