import { MillraceError } from '../base/errors.ts';
import { END_OF_INPUT_CHECKPOINT } from '../functions/sink.ts';

/** The target holds commits of a later checkpoint than the one that the job goes on from. */
export class CommitsAheadError extends MillraceError {
  constructor(where: string, committed: number, restored: number | undefined) {
    super(
      `${where} holds what checkpoint ${committed} committed, and the job goes on from ` +
        `${restored === undefined ? 'its start' : `checkpoint ${restored}`}: the records between would come twice; ` +
        'start from the newest checkpoint, or as a new job',
      { domain: 'external', retryable: false },
    );
  }
}

/**
 * What is committed up to the end of the input is passed over when it comes again; what other checkpoints have committed must
 * be part of the one that the job goes on from. @throws CommitsAheadError
 */
export function checkCommitted(where: string, committed: number, restored: number | undefined): void {
  if (committed > (restored ?? 0) && committed !== END_OF_INPUT_CHECKPOINT)
    throw new CommitsAheadError(where, committed, restored);
}
