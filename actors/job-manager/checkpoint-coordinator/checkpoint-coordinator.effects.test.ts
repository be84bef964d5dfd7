import { expect, it } from 'vitest';
import { createActor } from 'xstate';
import type { ClusterId, Epoch, JobId } from '../../../src/base/ids.ts';
import { CheckpointHistory } from '../../../src/control/checkpoints/history.ts';
import type { CheckpointSettings } from '../../../src/control/checkpoints/state.ts';
import { StoreError } from '../../../src/storage/errors.ts';
import { RecordingLogger } from '../../../src/testing/recording-logger.ts';
import { SeededRandom } from '../../../src/testing/seeded-random.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { LocalHub } from '../../../src/transport/local/hub.ts';
import { createEnvironment } from '../../messaging/environment.ts';
import { CheckpointCoordinator } from './checkpoint-coordinator.effects.ts';
import type { CheckpointHooks } from './checkpoint-hooks.ts';
import type { CheckpointPlaces } from './checkpoint-places.ts';

const JOB = 'f'.repeat(32) as JobId;
const SETTINGS: CheckpointSettings = {
  intervalMs: 100,
  timeoutMs: 1_000,
  minPauseMs: 0,
  maxConcurrent: 1,
  tolerableFailed: 0,
  retained: 1,
  unalignedAfterMs: undefined,
  afterTasksFinish: true,
};

/** A coordinator whose store cannot be opened. */
function withoutStore(directory: string | undefined): CheckpointCoordinator {
  const clock = new SimulatedClock();
  const environment = createEnvironment({
    clusterId: 'c' as ClusterId,
    transport: new LocalHub({ clock }).connect(),
    clock,
    random: new SeededRandom(1),
    logger: new RecordingLogger(),
    snapshots: { open: (uri) => Promise.reject(new StoreError(`opening ${uri}`, 'no such bucket')) },
  });
  const hooks = { jobId: JOB, history: new CheckpointHistory(1), opensLog: false, onRestoreFailed: () => {} };
  const coordinator = new CheckpointCoordinator(
    environment,
    { directory } as CheckpointPlaces,
    hooks as unknown as CheckpointHooks,
  );
  createActor(coordinator.machine, { input: { jobId: JOB, epoch: 1 as Epoch, settings: SETTINGS } }).start();
  return coordinator;
}

it('when a job ends since its log could not be opened, then its checkpoints may be there, and that is said', async () => {
  expect(await withoutStore('s3://gone').end(false, Promise.resolve())).toBe(false);
});

it('when it ends since there is no place for a log, then nothing of it is left', async () => {
  expect(await withoutStore(undefined).end(false, Promise.resolve())).toBe(true);
});
