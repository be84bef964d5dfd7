import { describe, expect, it } from 'vitest';
import type { ClusterId, Epoch, JobId } from '../../../src/base/ids.ts';
import type { SnapshotStore, SnapshotStores } from '../../../src/ports/snapshot-store.ts';
import { MemorySnapshotStores } from '../../../src/storage/memory/snapshot-store.ts';
import { RecordingLogger } from '../../../src/testing/recording-logger.ts';
import { SeededRandom } from '../../../src/testing/seeded-random.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { LocalHub } from '../../../src/transport/local/hub.ts';
import { createEnvironment } from '../../messaging/environment.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { failingDeletes } from '../../testing/failing-deletes.ts';
import { CheckpointFiles } from './checkpoint-files.ts';
import type { CheckpointPlaces } from './checkpoint-places.ts';
import { endLeftCheckpoints } from './left-checkpoints.ts';

const JOB = 'f'.repeat(32) as JobId;
const LOG = ['log/decisions/9', 'log/decisions/10'];
const CHECKPOINT = ['shared/a1', 'chk-7/_metadata'];
const SAVEPOINT = 'savepoint-1/_metadata';
const PLACES: CheckpointPlaces = {
  directory: 'memory:',
  savepointDirectory: undefined,
  restorePath: undefined,
  ignoreUnclaimedState: false,
  claimMode: 'NO_CLAIM',
  orphanSweepMs: 0,
};

function environmentOf(snapshots: SnapshotStores, logger = new RecordingLogger()): ActorEnvironment {
  const clock = new SimulatedClock();
  const transport = new LocalHub({ clock }).connect();
  const random = new SeededRandom(1);
  return createEnvironment({ clusterId: 'c' as ClusterId, transport, clock, random, logger, snapshots });
}

async function pathsOf(store: SnapshotStore): Promise<string[]> {
  return (await store.list('')).map(({ path }) => path).sort();
}

/** The folder of a job that has ended, with one checkpoint. */
async function jobFolder(snapshots: SnapshotStores): Promise<SnapshotStore> {
  const store = await snapshots.open(`memory:/${JOB}`);
  for (const path of [...LOG, ...CHECKPOINT, SAVEPOINT]) await store.createExclusive(path, new Uint8Array(1));
  return store;
}

describe('checkpoints of a job that has ended', () => {
  it('when the store fails to delete, then that is said and logged with the job, and some of the log stays', async () => {
    const logger = new RecordingLogger();
    const snapshots = failingDeletes(new MemorySnapshotStores(), new SeededRandom(1), () => true);
    const store = await jobFolder(snapshots);
    const files = new CheckpointFiles(environmentOf(snapshots, logger), JOB, store, 0);
    expect(await files.end([])).toBe(false);
    expect(logger.lines).toMatchObject([
      { level: 'warn', message: expect.stringContaining('left to the next leader'), fields: { jobId: JOB } },
    ]);
    expect(await pathsOf(store)).toEqual(expect.arrayContaining(LOG));
  });

  it('when the next leader tries again and the store deletes, then nothing stays but savepoints, and that is said', async () => {
    let fails = true;
    const snapshots = failingDeletes(new MemorySnapshotStores(), new SeededRandom(2), () => fails);
    const store = await jobFolder(snapshots);
    const environment = environmentOf(snapshots);
    const left = { jobId: JOB, places: PLACES, keep: false };
    expect(await endLeftCheckpoints(environment, left, 2 as Epoch, 'two')).toBe(false);
    fails = false;
    expect(await endLeftCheckpoints(environment, left, 3 as Epoch, 'three')).toBe(true);
    expect(await pathsOf(store)).toEqual([SAVEPOINT]);
    expect(await endLeftCheckpoints(environment, left, 4 as Epoch, 'four')).toBe(true);
  });
});
