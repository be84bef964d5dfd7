import { SINK_PENDING_CHECK_RECORDS } from '../../base/limits.ts';
import type { CheckpointedFunction } from '../../functions/checkpointed.ts';
import type { Sink, SinkWriter } from '../../functions/sink.ts';
import { InternalError } from '../../base/errors.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { refusePromise } from './user-function.ts';

/** The end of a stream: hands records to a sink's writer and honours its backpressure. */
class SinkOperator implements StreamOperator {
  readonly #sink: Sink<unknown>;
  #context: OperatorContext | undefined;
  #writer: SinkWriter<unknown> | undefined;

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

  /** A writer may be a CheckpointedFunction: its state is initialized before the first record. */
  async open(): Promise<void> {
    const context = this.#context;
    if (context === undefined) throw new InternalError('the sink operator was opened before setup');
    this.#writer = await this.#sink.createWriter({
      taskInfo: context.taskInfo,
      now: () => context.clock.now(),
      getOperatorStateStore: () => context.operatorState(),
      sendResults: (collectId, rows, resumeAt) => context.sendResults(collectId, rows, resumeAt),
    });
    const hooks = this.#writer as Partial<CheckpointedFunction>;
    await hooks.initializeState?.(context.runtimeContext(false).initializationContext());
  }

  /** A writer may be a CheckpointedFunction, called at barriers. */
  get userFunction(): unknown {
    return this.#writer;
  }

  finish(): void | Promise<void> {
    return this.#writer?.flush(true);
  }

  close(aborted: boolean): void | Promise<void> {
    return this.#writer?.close(aborted);
  }
}

/** What the API reads of a sink's factory. */
export interface SinkOperatorFactory extends OperatorFactory {
  readonly sink: Sink<unknown>;
}

export function sinkOperator<T>(sink: Sink<T>): SinkOperatorFactory {
  const untyped = sink as unknown as Sink<unknown>;
  return { kind: 'sink', inputs: 1, sink: untyped, create: () => new SinkOperator(untyped) };
}
