import { expect, it } from 'vitest';
import { ExternalError, UserError, serializeError } from '../../src/base/errors.ts';
import type { ClusterId, Epoch, JobId } from '../../src/base/ids.ts';
import type { SnapshotStores } from '../../src/ports/snapshot-store.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import { RecordingLogger } from '../../src/testing/recording-logger.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { MemoryArtifactStore } from '../../src/storage/memory/artifact-store.ts';
import { MemoryMetadataStore } from '../../src/storage/memory/metadata-store.ts';
import { MemorySnapshotStores } from '../../src/storage/memory/snapshot-store.ts';
import { LocalHub } from '../../src/transport/local/hub.ts';
import { ClusterClient } from '../client/cluster-client.ts';
import { createEnvironment } from '../messaging/environment.ts';
import { failingDeletes } from '../testing/failing-deletes.ts';
import { EndedJobs } from './ended-jobs.ts';
import { startDispatcher } from './dispatcher.effects.ts';
import type { DispatcherOptions } from './dispatcher.effects.ts';
import { readPersistedJobs, takeUpJob } from './persisted-jobs.ts';

const JOB = 'f'.repeat(32) as JobId;
const FAILED: JobDetails = {
  jobId: JOB,
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
  results: 7,
};

/** A leader that finds a job of the one before, whose module cannot be loaded. */
async function recovering(error: Error, ended?: JobDetails, snapshots?: SnapshotStores) {
  const clock = new SimulatedClock();
  const hub = new LocalHub({ clock });
  const metadata = new MemoryMetadataStore();
  const job = { jobId: JOB, moduleSha256: '0'.repeat(64), configuration: {}, submittedAt: 0 };
  await takeUpJob(metadata, job, 1 as Epoch, true);
  if (ended !== undefined) await new EndedJobs(metadata, new RecordingLogger()).add(ended, 1 as Epoch);
  const environment = createEnvironment({
    clusterId: 'c' as ClusterId,
    transport: hub.connect(),
    clock,
    random: new SeededRandom(1),
    logger: new RecordingLogger(),
    ...(snapshots === undefined ? {} : { snapshots }),
  });
  let loads = 0;
  const load = (): Promise<never> => {
    loads += 1;
    return Promise.reject(error);
  };
  startDispatcher(environment, {
    epoch: 2 as Epoch,
    metadata,
    artifacts: new MemoryArtifactStore(),
    loader: { load },
    endedJobsKept: 1,
    restUrl: () => undefined,
    jobSettings: () => ({
      retention: 'NO_EXTERNALIZED_CHECKPOINTS',
      checkpointPlaces: { directory: snapshots === undefined ? undefined : 'memory:', orphanSweepMs: 0 },
    }),
  } as unknown as DispatcherOptions);
  const pass = async (ms: number): Promise<void> => {
    const end = clock.monotonic() + ms;
    clock.setTimeout(() => {}, ms);
    await clock.runUntil(() => clock.monotonic() >= end, 10_000);
  };
  await pass(1);
  return { client: new ClusterClient(environment), metadata, pass, loads: () => loads };
}

it('when what a recovered job needs cannot be reached, then it is tried again, with growing pauses, and not forgotten', async () => {
  const { metadata, pass, loads } = await recovering(new ExternalError('the artifact store is away'));
  await pass(10_000);
  expect(loads()).toBe(4);
  await pass(600_000);
  expect(loads()).toBeGreaterThan(20);
  expect(await readPersistedJobs(metadata)).toHaveLength(1);
});

it('when it is canceled meanwhile, then it is not tried any more, and forgotten; canceling twice is as good', async () => {
  const { client, metadata, pass, loads } = await recovering(new ExternalError('the artifact store is away'));
  await pass(5_000);
  const before = loads();
  const canceled = Promise.all([client.cancel(JOB), client.cancel(JOB)]);
  await pass(60_000);
  await canceled;
  expect(loads()).toBe(before);
  expect(await readPersistedJobs(metadata)).toEqual([]);
});

it('when the job itself cannot work, then it is refused at once', async () => {
  const { metadata, pass, loads } = await recovering(new UserError('its module throws'));
  await pass(60_000);
  expect(loads()).toBe(1);
  expect(await readPersistedJobs(metadata)).toEqual([]);
});

it('when it had ended and its leader died before it forgot it, then it does not run again, and its end is known', async () => {
  const failure = serializeError(new UserError('x'.repeat(100_000), { cause: new UserError('because') }));
  const ended = { ...FAILED, failure };
  const { client, metadata, pass, loads } = await recovering(new UserError('never loaded'), ended);
  expect(loads()).toBe(0);
  const asked = Promise.all([
    client.details(JOB),
    client.list(),
    client.submit({ jobId: JOB, module: { source: 'x' }, configuration: {} }),
    client.cancel(JOB).catch(String),
  ]);
  await pass(10);
  const [details, jobs, submitted, canceled] = await asked;
  expect(await readPersistedJobs(metadata)).toEqual([]);
  expect(details).toMatchObject({ status: 'FAILED', restarts: 3, results: 0 });
  expect(details.failure?.message).toHaveLength(4_000);
  expect(details.failure?.cause?.message).toBe('because');
  expect(jobs.map(({ status }) => status)).toEqual(['FAILED']);
  expect(submitted).toMatchObject({ jobId: JOB, name: 'n' });
  expect(canceled).toContain('has ended, it is FAILED; the JobManager has changed since');
  expect(loads()).toBe(0);
});

it.each([
  { outcome: 'fails', becomes: 'its entry stays for the next leader, with its end' },
  { outcome: 'works', becomes: 'its entry is forgotten, and its end is known' },
])('when deleting what is left of its checkpoints $outcome, then $becomes', async ({ outcome }) => {
  const fails = outcome === 'fails';
  const snapshots = failingDeletes(new MemorySnapshotStores(), new SeededRandom(1), () => fails);
  await (await snapshots.open(`memory:/${JOB}`)).createExclusive('log/decisions/1', new Uint8Array(1));
  const { metadata, pass } = await recovering(new UserError('never loaded'), FAILED, snapshots);
  await pass(10);
  expect(await readPersistedJobs(metadata)).toHaveLength(fails ? 1 : 0);
  expect(await metadata.keys('ended.')).toHaveLength(1);
});
