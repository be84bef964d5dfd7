import { ExternalError, MillraceError } from '../../base/errors.ts';
import type { KeyGroupRange } from '../key-groups.ts';

/** Rows that were left in their files at a restore cannot be brought now. The message of the cause names the file. */
export class KeyGroupLoadError extends ExternalError {
  constructor({ start, end }: KeyGroupRange, cause: unknown) {
    super(
      `state of the key groups ${start} to ${end} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause, retryable: cause instanceof MillraceError ? cause.retryable : true },
    );
  }
}
