import type { CheckpointedFunction, FunctionInitializationContext } from './checkpointed.ts';
import type { CommitRequest, Committer, Sink, SinkWriter, SinkWriterContext } from './sink.ts';
import { ListStateDescriptor } from './state.ts';
import type { ListState } from './state.ts';

/**
 * Base of sinks that write into transactions of the target, as Flink's `TwoPhaseCommitSinkFunction`: one transaction per subtask
 * and checkpoint interval. A transaction `X` is plain data that travels in checkpoints (a name, a path, rows), from which the
 * target's own can be found again. One object serves all subtasks: keep nothing of a transaction in fields.
 *
 * A transaction is pre-committed at a barrier and committed when its checkpoint is complete. After a failure those of the
 * checkpoint are committed, and the one that was begun after its barrier is aborted.
 */
export abstract class TwoPhaseCommitSink<T, X> implements Sink<T, X> {
  /** Begins the transaction that takes the records up to the next barrier. */
  abstract beginTransaction(context: SinkWriterContext): X | Promise<X>;
  /** Takes one record; synchronous. */
  abstract invoke(transaction: X, value: T, timestamp: number): void;
  /** At the barrier: everything is durable when it resolves, and `commit` cannot fail for want of data. */
  abstract preCommit(transaction: X): void | Promise<void>;
  /** Makes the records visible. May come again for a transaction that is committed, also in another process. */
  abstract commit(transaction: X): void | Promise<void>;
  /** Discards the records. May come for a transaction that never began in the target. */
  abstract abort(transaction: X): void | Promise<void>;

  /** Commits a transaction of an earlier attempt or run. */
  recoverAndCommit(transaction: X): void | Promise<void> {
    return this.commit(transaction);
  }

  /** Aborts a transaction of an earlier attempt or run. */
  recoverAndAbort(transaction: X): void | Promise<void> {
    return this.abort(transaction);
  }

  async createWriter(context: SinkWriterContext): Promise<SinkWriter<T, X>> {
    return new TransactionWriter(this, context, await this.beginTransaction(context));
  }

  createCommitter(): Committer<X> {
    return {
      commit: async (requests: readonly CommitRequest<X>[]) => {
        for (const { committable, recovered } of requests)
          await (recovered ? this.recoverAndCommit(committable) : this.commit(committable));
      },
    };
  }
}

class TransactionWriter<T, X> implements SinkWriter<T, X>, CheckpointedFunction {
  readonly #sink: TwoPhaseCommitSink<T, X>;
  readonly #context: SinkWriterContext;
  #transaction: X;
  #open: ListState<X> | undefined;

  constructor(sink: TwoPhaseCommitSink<T, X>, context: SinkWriterContext, transaction: X) {
    this.#sink = sink;
    this.#context = context;
    this.#transaction = transaction;
  }

  async initializeState(context: FunctionInitializationContext): Promise<void> {
    const descriptor = new ListStateDescriptor<X>('millrace-open-transactions');
    this.#open = context.getOperatorStateStore().getListState(descriptor);
    for (const transaction of this.#open.get()) await this.#sink.recoverAndAbort(transaction);
    this.#open.clear();
  }

  write(value: T, timestamp: number): void {
    this.#sink.invoke(this.#transaction, value, timestamp);
  }

  flush(): void {}

  async prepareCommit(): Promise<readonly X[]> {
    const prepared = this.#transaction;
    await this.#sink.preCommit(prepared);
    this.#transaction = await this.#sink.beginTransaction(this.#context);
    return [prepared];
  }

  snapshotState(): void {
    this.#open?.update([this.#transaction]);
  }

  async close(): Promise<void> {
    await this.#sink.abort(this.#transaction);
  }
}
