import { ExternalError, MillraceError } from '../../base/errors.ts';
import { COMMIT_RETRY_MAX_MS, COMMIT_RETRY_MIN_MS } from '../../base/limits.ts';
import type { CommitRequest, Committer } from '../../functions/sink.ts';
import { commitStem } from '../../functions/sink.ts';
import type { ListState } from '../../functions/state.ts';
import { ListStateDescriptor } from '../../functions/state.ts';
import type { OperatorContext } from '../chain/operator.ts';
import { CommittableCounts } from './committable-counts.ts';

/** What one subtask prepared for one checkpoint. */
interface Prepared {
  readonly checkpointId: number;
  readonly committables: readonly unknown[];
}

/**
 * What one subtask prepared and has not committed, oldest first. One element of the state: it is never torn apart when the
 * parallelism changes, so that commits of a stem keep their order.
 */
interface StemState {
  readonly stem: string;
  readonly subtask: number;
  readonly prepared: readonly Prepared[];
}

const STATE = new ListStateDescriptor<StemState>('millrace-committables');

/** The committables of one subtask of a sink, from their preparation until they are committed. */
export class CommitQueue {
  readonly counts: CommittableCounts;
  readonly #context: OperatorContext;
  readonly #committer: Committer<unknown>;
  readonly #state: ListState<StemState>;
  readonly #subtask: number;
  readonly #stem: string;
  #prepared: Prepared[] = [];
  #tail: Promise<void> = Promise.resolve();
  #closed = false;
  #stopWaiting: (() => void) | undefined;

  constructor(context: OperatorContext, committer: Committer<unknown>) {
    this.#context = context;
    this.#committer = committer;
    this.counts = new CommittableCounts(context.counters);
    this.#state = context.operatorState().getListState(STATE);
    const { jobId, indexOfThisSubtask } = context.taskInfo;
    this.#subtask = indexOfThisSubtask;
    this.#stem = commitStem(jobId, context.operatorId, indexOfThisSubtask);
  }

  /** Commits what the checkpoint that the job goes on from holds. */
  async recover(): Promise<void> {
    for (const { stem, subtask, prepared } of [...this.#state.get()]) {
      for (const { checkpointId, committables } of prepared) {
        this.counts.received(committables.length);
        await this.#commit({ stem, subtask, checkpointId, recovered: true }, committables);
      }
    }
    this.#state.clear();
  }

  /** Takes what was prepared for a checkpoint into the state. */
  add(checkpointId: number, committables: readonly unknown[]): void {
    if (committables.length > 0) this.#prepared.push({ checkpointId, committables });
    this.counts.received(committables.length);
    const own = { stem: this.#stem, subtask: this.#subtask, prepared: [...this.#prepared] };
    this.#state.update(this.#prepared.length === 0 ? [] : [own]);
  }

  /** Commits everything prepared for this checkpoint and those before it, in their order. */
  commitUpTo(checkpointId: number): Promise<void> {
    this.#tail = this.#tail.then(async () => {
      for (
        let next = this.#prepared[0];
        next !== undefined && next.checkpointId <= checkpointId;
        next = this.#prepared[0]
      ) {
        const origin = { stem: this.#stem, subtask: this.#subtask, checkpointId: next.checkpointId };
        await this.#commit({ ...origin, recovered: false }, next.committables);
        this.#prepared.shift();
      }
    });
    return this.#tail;
  }

  /** Bytes sent to commit, where the committer knows. */
  get bytesSent(): number | undefined {
    return this.#committer.bytesSent?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopWaiting?.();
    await this.#committer.close?.();
  }

  /** Tries until it succeeds. @throws what is not worth repeating */
  async #commit(origin: Origin, committables: readonly unknown[]): Promise<void> {
    const { logger, operatorName } = this.#context;
    const already = new Set<string>();
    const requests = requestsOf(origin, committables, already);
    for (let pauseMs = COMMIT_RETRY_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, COMMIT_RETRY_MAX_MS)) {
      if (this.#closed)
        throw new ExternalError(`the sink "${operatorName}" was closed before it had committed`);
      try {
        await this.#committer.commit(requests);
        this.counts.committed(requests.length, already.size);
        return;
      } catch (error) {
        if (this.#closed) throw error;
        if (error instanceof MillraceError && !error.retryable) {
          this.counts.failed += requests.length;
          throw error;
        }
        this.counts.triedAgain(requests.length);
        logger.warn('a commit failed and is tried again', {
          operatorName,
          commit: requests[0]?.id,
          committables: requests.length,
          pauseMs,
          error,
        });
        await this.#pause(pauseMs);
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    const { clock } = this.#context;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, ms, 'commit retry');
      this.#stopWaiting = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
    this.#stopWaiting = undefined;
  }
}

/** Whose commit it is. */
type Origin = Pick<CommitRequest<unknown>, 'stem' | 'subtask' | 'checkpointId' | 'recovered'>;

/** @param already is told the ids of those that the target had */
function requestsOf(
  origin: Origin,
  committables: readonly unknown[],
  already: Set<string>,
): readonly CommitRequest<unknown>[] {
  return committables.map((committable, index) => {
    const id = `${origin.stem}/${origin.checkpointId}/${index}`;
    return { committable, ...origin, id, signalAlreadyCommitted: () => void already.add(id) };
  });
}
