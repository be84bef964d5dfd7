import { ExternalError, InternalError, UserError } from '../../base/errors.ts';

/** A file of a snapshot is not what was written: damaged, cut off, or another file. */
export class SnapshotCorruptError extends ExternalError {
  constructor(path: string, what: string, options: { cause?: unknown } = {}) {
    super(
      `the snapshot file ${path} cannot be used: ${what}; restore from another checkpoint or savepoint, or bring the file back`,
      { retryable: false, ...options },
    );
  }
}

/** A snapshot was written by a later version of Millrace. */
export class SnapshotVersionError extends UserError {
  constructor(path: string, version: number, known: number) {
    super(
      `the snapshot file ${path} has format version ${version}, this version of Millrace reads up to ${known}: ` +
        'use the version that wrote it, or a later one',
    );
  }
}

/** A file that a snapshot needs is not there. */
export class SnapshotNotFoundError extends ExternalError {
  constructor(path: string, location: string) {
    super(
      `the snapshot file ${path} is not in ${location}: was it removed, or is this the path of another snapshot?`,
      { retryable: false },
    );
  }
}

/** A path of a snapshot that should have been new is taken. */
export class SnapshotExistsError extends InternalError {
  constructor(path: string, location: string) {
    super(`the snapshot file ${path} is already in ${location}: files are never overwritten, use a new id`);
  }
}

/** Another leader has taken over the job's checkpoints: whatever this one still does is void. Not to be retried. */
export class LeadershipLostError extends ExternalError {
  constructor(epoch: number, by: number | undefined, location: string) {
    const other = by === undefined ? 'another leader' : `a leader of epoch ${by}`;
    super(
      `the leader of epoch ${epoch} was superseded: ${other} decides in ${location}; it must stop, a new one needs a higher epoch`,
      { retryable: false },
    );
  }
}

/** State in a snapshot does not fit what the job opens now. */
export class StateIncompatibleError extends UserError {}
