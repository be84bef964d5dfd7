import { describe, expect, it } from 'vitest';
import type { ClusterId, JobId } from '../../src/base/ids.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import { MemoryMetadataStore } from '../../src/storage/memory/metadata-store.ts';
import { RecordingLogger } from '../../src/testing/recording-logger.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { LocalHub } from '../../src/transport/local/hub.ts';
import { claimEpoch } from '../leader-election/epochs.ts';
import { createEnvironment } from '../messaging/environment.ts';
import { JobEnds } from './job-ends.ts';
import { JobStore } from './job-store.ts';

const JOB = 'a'.repeat(32) as JobId;
const FINISHED = {
  jobId: JOB,
  name: 'n',
  status: 'FINISHED',
  submittedAt: 0,
  endedAt: 9,
  tasksTotal: 1,
  tasksRunning: 0,
  taskStates: { FINISHED: 1 },
  lastModified: 9,
  restarts: 0,
  vertices: [],
  results: 0,
} as const satisfies JobDetails;

/** The ends of a leader that has started the job. */
async function running(metadata: MemoryMetadataStore): Promise<JobEnds> {
  const logger = new RecordingLogger();
  const clock = new SimulatedClock();
  const environment = createEnvironment({
    clusterId: 'c' as ClusterId,
    transport: new LocalHub({ clock }).connect(),
    clock,
    random: new SeededRandom(1),
    logger,
  });
  const epoch = await claimEpoch(metadata);
  const store = new JobStore(metadata, epoch, logger);
  const jobSettings = (): never => {
    throw new Error('no job of a leader before is left');
  };
  await store.takeUp({ jobId: JOB, moduleSha256: '0'.repeat(64), configuration: {}, submittedAt: 0 }, true);
  return new JobEnds(environment, store, { epoch, jobSettings });
}

async function keysOf(metadata: MemoryMetadataStore): Promise<string[]> {
  return [...(await metadata.keys('jobs.')), ...(await metadata.keys('ended.'))];
}

describe('ends of jobs', () => {
  it('when its checkpoints are removed, then the job is forgotten and its end is known, until nobody asks for it', async () => {
    const metadata = new MemoryMetadataStore();
    const ends = await running(metadata);
    await ends.settle(FINISHED);
    expect(await keysOf(metadata)).toEqual([`jobs.${JOB}`, `ended.${JOB}`]);
    await ends.checkpointsRemoved(JOB);
    expect(await keysOf(metadata)).toEqual([`ended.${JOB}`]);
    await ends.forgetEnd(JOB);
    expect(await keysOf(metadata)).toEqual([]);
  });

  it('when nobody asks for it before its checkpoints are removed, then all of it stays until they are', async () => {
    const metadata = new MemoryMetadataStore();
    const ends = await running(metadata);
    await ends.settle(FINISHED);
    await ends.forgetEnd(JOB);
    expect(await keysOf(metadata)).toEqual([`jobs.${JOB}`, `ended.${JOB}`]);
    await ends.checkpointsRemoved(JOB);
    expect(await keysOf(metadata)).toEqual([]);
  });

  it('when its end could not be noted, then the next leader takes it up, also where nobody asks for it any more', async () => {
    const metadata = new MemoryMetadataStore();
    const ends = await running(metadata);
    metadata.put = () => Promise.reject(new Error('no quorum'));
    await expect(ends.settle(FINISHED)).rejects.toThrow('no quorum');
    await ends.forgetEnd(JOB);
    expect(await keysOf(metadata)).toEqual([`jobs.${JOB}`]);
  });
});
