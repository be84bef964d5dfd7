import type { Epoch, JobId } from '../../../src/base/ids.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import type { CheckpointPlaces } from './checkpoint-places.ts';
import { checkpointsUri } from './checkpoint-places.ts';
import { CheckpointFiles } from './checkpoint-files.ts';
import { DecidedCheckpoints } from './decided-checkpoints.ts';

/** Checkpoints of a job that ended under a leader which may have died before it removed them. */
export interface LeftCheckpoints {
  readonly jobId: JobId;
  readonly places: CheckpointPlaces;
  /** Whether those that are complete stay, now that the job has ended. */
  readonly keep: boolean;
}

/**
 * Removes what the job's leader has left. Its log goes last: as long as there is some of it, it says which checkpoints there are.
 * @param token names this leader in the log
 * @returns whether everything was removed that is not to stay
 * @throws StoreError, LeadershipLostError when a later leader is at it
 */
export async function endLeftCheckpoints(
  environment: ActorEnvironment,
  { jobId, places, keep }: LeftCheckpoints,
  epoch: Epoch,
  token: string,
): Promise<boolean> {
  if (places.directory === undefined) return true;
  const store = await environment.snapshots.open(checkpointsUri(places, jobId));
  const files = await store.list('');
  if (!files.some(({ path }) => path.startsWith('log/'))) return true;
  // What has been removed already cannot be read, and need not be.
  if (!keep) return new CheckpointFiles(environment, jobId, store, places.orphanSweepMs).end([]);
  const { checkpoints } = await DecidedCheckpoints.takeOver(environment, places, jobId, epoch, token);
  return checkpoints.end(keep);
}
