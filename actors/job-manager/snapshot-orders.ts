import { NotFoundError, UserError, serializeError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import type { SnapshotRequest } from '../../src/control/checkpoints/state.ts';
import type { Random } from '../../src/ports/random.ts';
import type { DispatcherReply } from '../../src/protocol/client-dispatcher.ts';
import { isGloballyTerminal } from '../../src/protocol/job-status.ts';
import type { JobStatus } from '../../src/protocol/job-status.ts';
import type { SnapshotResult } from './checkpoint-coordinator/checkpoint-hooks.ts';
import type { JobClientRequest } from './job-manager.machine.ts';

type Order = Extract<JobClientRequest, { type: 'triggerSnapshot' }>;

/** By the id of the request; undefined while it is under way. */
export type SnapshotResults = Map<string, SnapshotResult | undefined>;

export interface SnapshotOrdersOptions {
  /** Of requests before. */
  readonly results: SnapshotResults;
  readonly jobId: JobId;
  /** `execution.checkpointing.savepoint-dir` */
  readonly savepointDirectory: string | undefined;
  readonly random: Random;
  /** Hands an order to the checkpoint-coordinator, which answers it later. */
  readonly begin: (request: SnapshotRequest) => void;
}

/** Checkpoints and savepoints that clients asked for, by the id of their request, and what became of them. */
export class SnapshotOrders {
  readonly results: SnapshotResults;
  readonly #options: SnapshotOrdersOptions;

  constructor(options: SnapshotOrdersOptions) {
    this.#options = options;
    this.results = options.results;
  }

  /** Begins it, or tells that it was begun: a repeated order is the same one. */
  take(order: Order, status: JobStatus): DispatcherReply {
    const { requestId, kind, stop = false, drain = false, checkpointType } = order;
    try {
      // One that comes again was taken, whatever has become of the job since; it may have ended by it.
      if (!this.results.has(requestId)) {
        if (isGloballyTerminal(status)) throw new UserError(`the job has ended, it is ${status}`);
        const location = kind === 'savepoint' ? this.#savepointLocation(order.directory) : '';
        this.results.set(requestId, undefined);
        this.#options.begin({ requestId, kind, location, stop, drain, checkpointType });
      }
      return { type: 'snapshotTriggered', requestId };
    } catch (error) {
      return { type: 'refused', error: serializeError(error) };
    }
  }

  answer(requestId: string, result: SnapshotResult): void {
    this.results.set(requestId, result);
  }

  status(requestId: string, status: JobStatus): DispatcherReply {
    if (!this.results.has(requestId))
      return failed(new NotFoundError(`there is no request ${requestId} of a checkpoint or savepoint`));
    const result = this.results.get(requestId);
    if (result === undefined && isGloballyTerminal(status))
      return failed(new UserError('the job has ended before the snapshot was complete'));
    if (result === undefined) return { type: 'snapshotStatus', state: 'IN_PROGRESS' };
    if ('error' in result) return { type: 'snapshotStatus', state: 'FAILED', error: result.error };
    return { type: 'snapshotStatus', state: 'COMPLETED', location: result.path };
  }

  /** A folder of its own under the one that was asked for. */
  #savepointLocation(directory: string | undefined): string {
    const { jobId, savepointDirectory, random } = this.#options;
    const parent = directory ?? savepointDirectory;
    if (parent === undefined)
      throw new UserError(
        'a savepoint needs a place: name a directory, or set execution.checkpointing.savepoint-dir',
      );
    return `${parent.replace(/\/+$/, '')}/savepoint-${jobId.slice(0, 6)}-${random.hex(6)}`;
  }
}

function failed(error: Error): DispatcherReply {
  return { type: 'snapshotStatus', state: 'FAILED', error: serializeError(error) };
}
