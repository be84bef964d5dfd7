import { UserError } from '../../../src/base/errors.ts';
import type { JobId } from '../../../src/base/ids.ts';
import { MANIFEST_NAME } from '../../../src/state/snapshot/manifest.ts';

/** Where a job's checkpoints are and what it begins from. */
export interface CheckpointPlaces {
  /** URI of the folder of all jobs' checkpoints; undefined where none is configured. */
  readonly directory: string | undefined;
  /** Where savepoints go when nobody says. */
  readonly savepointDirectory: string | undefined;
  /** A savepoint or kept checkpoint to begin from, where the job has no checkpoint of its own. */
  readonly restorePath: string | undefined;
  readonly ignoreUnclaimedState: boolean;
  /** `execution.state-recovery.claim-mode` */
  readonly claimMode: ClaimMode;
  /** `execution.checkpointing.orphan-sweep-interval` */
  readonly orphanSweepMs: number;
}

/**
 * What becomes of the snapshot at `restorePath`: with CLAIM the job removes it once its own checkpoints have taken its place.
 * With the others it stays; the first checkpoint of a job never builds on files that it began from.
 */
export type ClaimMode = 'CLAIM' | 'NO_CLAIM' | 'LEGACY';

/** Folder of one job's checkpoints. */
export function checkpointsUri({ directory }: CheckpointPlaces, jobId: JobId): string {
  if (directory === undefined)
    throw new UserError(
      'checkpoints need a place: set execution.checkpointing.dir to one that all nodes see',
    );
  return `${directory.replace(/\/+$/, '')}/${jobId}`;
}

/** The path of a complete checkpoint or savepoint as people can use it. */
export function shownPath(places: CheckpointPlaces, jobId: JobId, path: string): string {
  if (!path.endsWith(`/${MANIFEST_NAME}`)) return path;
  return `${checkpointsUri(places, jobId)}/${path.slice(0, -MANIFEST_NAME.length - 1)}`;
}
