import { InternalError, UserError } from '../../base/errors.ts';
import { SINK_PENDING_CHECK_RECORDS } from '../../base/limits.ts';
import type {
  CheckpointListener,
  CheckpointedFunction,
  FunctionSnapshotContext,
} from '../../functions/checkpointed.ts';
import { END_OF_INPUT_CHECKPOINT } from '../../functions/sink.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../functions/sink.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { CommitQueue } from './commit-queue.ts';
import type { CommittableCounts } from './committable-counts.ts';
import { refusePromise } from './user-function.ts';

type Writer = SinkWriter<unknown> & Partial<CheckpointedFunction> & Partial<CheckpointListener>;

/**
 * The end of a stream: hands records to a sink's writer and honours its backpressure. What the writer prepares at a barrier is
 * kept in operator state until its checkpoint is complete and it has been committed.
 */
export class SinkOperator implements StreamOperator {
  readonly #sink: Sink<unknown>;
  #context: OperatorContext | undefined;
  #writer: Writer | undefined;
  #commits: CommitQueue | undefined;
  #closed = false;

  constructor(sink: Sink<unknown>) {
    this.#sink = sink;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    const { trace, node, flow, counters } = context;
    let unchecked = 0;
    return [
      (value, timestamp) => {
        trace.node = node;
        const writer = this.#writer;
        if (writer === undefined) throw new InternalError('a record reached the sink before it was opened');
        const result: unknown = writer.write(value, timestamp);
        if (result !== undefined) refusePromise(result, 'write() of a sink');
        counters.numRecordsOut += 1;
        unchecked += 1;
        if (unchecked < SINK_PENDING_CHECK_RECORDS) return;
        unchecked = 0;
        const pending = writer.pending?.();
        if (pending !== undefined) flow.waitFor(pending, node);
      },
    ];
  }

  /** What an earlier run left is committed before anything new is written. */
  async open(): Promise<void> {
    const context = this.#context;
    if (context === undefined) throw new InternalError('the sink operator was opened before setup');
    const committer = await this.#sink.createCommitter?.({
      taskInfo: context.taskInfo,
      operatorId: context.operatorId,
      now: () => context.clock.now(),
    });
    if (committer !== undefined) {
      this.#commits = new CommitQueue(context, committer);
      if (this.#closed) await this.#commits.close();
      await this.#commits.recover();
    }
    const writer: Writer = await this.#sink.createWriter(writerContext(context));
    if (this.#closed) return writer.close(true);
    this.#writer = writer;
    this.#checkWriter(context, writer);
    await writer.initializeState?.(context.runtimeContext(false).initializationContext());
  }

  async snapshotState(context: FunctionSnapshotContext): Promise<void> {
    await this.#writer?.flush(false);
    await this.#prepare(context.getCheckpointId());
    await this.#writer?.snapshotState?.(context);
  }

  async notifyCheckpointComplete(checkpointId: number): Promise<void> {
    await this.#commits?.commitUpTo(checkpointId);
    await this.#writer?.notifyCheckpointComplete?.(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: number): void {
    void this.#writer?.notifyCheckpointAborted?.(checkpointId);
  }

  async finish(): Promise<void> {
    await this.#writer?.flush(true);
    if (this.#commits === undefined || this.#context?.checkpoints.atEndOfInput === true) return;
    await this.#prepare(END_OF_INPUT_CHECKPOINT);
    await this.#commits.commitUpTo(END_OF_INPUT_CHECKPOINT);
  }

  async close(aborted: boolean): Promise<void> {
    this.#closed = true;
    try {
      await this.#writer?.close(aborted);
    } finally {
      await this.#commits?.close();
    }
  }

  /** What became of its committables; undefined where it has no committer. */
  get committables(): CommittableCounts | undefined {
    return this.#commits?.counts;
  }

  /** Bytes written out, where writer or committer knows. */
  get bytesSent(): number | undefined {
    const [written, committed] = [this.#writer?.bytesSent?.(), this.#commits?.bytesSent];
    return written === undefined && committed === undefined ? undefined : (written ?? 0) + (committed ?? 0);
  }

  async #prepare(checkpointId: number): Promise<void> {
    const prepared = await this.#writer?.prepareCommit?.(checkpointId);
    this.#commits?.add(checkpointId, prepared ?? []);
  }

  #checkWriter({ operatorName, taskInfo, checkpoints, logger }: OperatorContext, writer: Writer): void {
    if (writer.prepareCommit === undefined) return;
    if (this.#commits === undefined) {
      throw new UserError(
        `the writer of sink "${operatorName}" prepares commits and the sink has no createCommitter(): nobody would commit them`,
      );
    }
    if (checkpoints.atEndOfInput || taskInfo.indexOfThisSubtask > 0) return;
    logger.info(
      'no checkpoint follows the end of the input: this sink commits there what no checkpoint before it has committed; ' +
        'execution.checkpointing.interval lets it commit earlier',
      { operatorName },
    );
  }
}

function writerContext(context: OperatorContext): SinkWriterContext {
  const { taskInfo, operatorId, clock, checkpoints } = context;
  return {
    taskInfo,
    operatorId,
    now: () => clock.now(),
    commitsAtCheckpoints: checkpoints.atEndOfInput,
    restoredCheckpointId: checkpoints.restored,
    metricGroup: () => context.metrics.group,
    getOperatorStateStore: () => context.operatorState(),
    sendResults: (collectId, rows, resumeAt) => context.sendResults(collectId, rows, resumeAt),
  };
}

/** What the API reads of a sink's factory. */
export interface SinkOperatorFactory extends OperatorFactory {
  readonly sink: Sink<unknown>;
}

export function sinkOperator<T>(sink: Sink<T>): SinkOperatorFactory {
  const untyped = sink as unknown as Sink<unknown>;
  return {
    kind: 'sink',
    inputs: 1,
    emits: 'one-each',
    sink: untyped,
    create: () => new SinkOperator(untyped),
  };
}
