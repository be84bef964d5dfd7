import { ExternalError, serializeError } from '../../src/base/errors.ts';
import type { SerializedError } from '../../src/base/errors.ts';
import type { SnapshotRequest } from '../../src/control/checkpoints/state.ts';
import type { SnapshotResult } from './checkpoint-coordinator/checkpoint-hooks.ts';

/** Of a job that does not run, no checkpoint can be taken. */
export const NOT_RUNNING: SerializedError = serializeError(
  new ExternalError('the job does not run, or stopped before the checkpoint was complete'),
);

/** Checkpoints that this process asks for, and waits for. */
export class OwnCheckpoints {
  readonly #begin: (request: SnapshotRequest) => void;
  readonly #waiting = new Map<string, (result: SnapshotResult) => void>();

  /** @param begin hands an order to the checkpoint-coordinator, which answers it later */
  constructor(begin: (request: SnapshotRequest) => void) {
    this.#begin = begin;
  }

  /** @param requestId of no other order @returns what kept it from being taken */
  async take(requestId: string): Promise<SerializedError | undefined> {
    const result = await new Promise<SnapshotResult>((resolve) => {
      this.#waiting.set(requestId, resolve);
      this.#begin({
        requestId,
        kind: 'checkpoint',
        location: '',
        stop: false,
        drain: false,
        checkpointType: undefined,
      });
    });
    return 'error' in result ? result.error : undefined;
  }

  /** @returns whether the order was one of these */
  answer(requestId: string, result: SnapshotResult): boolean {
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    waiting?.(result);
    return waiting !== undefined;
  }

  /** The job does not run any more: who waits would do so for ever. */
  giveUp(): void {
    for (const answer of this.#waiting.values()) answer({ error: NOT_RUNNING });
    this.#waiting.clear();
  }
}
