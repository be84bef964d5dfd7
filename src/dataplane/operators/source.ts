import { NO_TIMESTAMP } from '../../base/time.ts';
import { BAD_RECORDS_ID } from '../../functions/sink.ts';
import type { BadRecord } from '../../functions/sink.ts';
import type { OperatorStateStore } from '../../functions/checkpointed.ts';
import type { Source, SourceBatch, SourceSplit } from '../../functions/source.ts';
import type { WatermarkGenerator, WatermarkStrategy } from '../../functions/watermark.ts';
import { InternalError } from '../../base/errors.ts';
import type { MetricComponent } from '../../metrics/component.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { timestampOf } from './event-time.ts';

/** The head of a source's chain; the task reads the source and hands batches in. */
export class SourceOperator implements StreamOperator {
  readonly source: Source<unknown>;
  readonly strategy: WatermarkStrategy<unknown>;
  #context: OperatorContext | undefined;
  /** Of the last batch: wall time when it was read and when it was emitted, and its last record's event time. */
  #fetchedAt = 0;
  #emittedAt = 0;
  #lastTimestamp = NO_TIMESTAMP;

  constructor(source: Source<unknown>, strategy: WatermarkStrategy<unknown>) {
    this.source = source;
    this.strategy = strategy;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    return [];
  }

  /**
   * Emits the batch from index `from` until its end or until an output is full; returns the index after the last
   * record emitted. Times of the records go to the generator of their split.
   */
  emit(batch: SourceBatch<unknown>, from: number, generator: WatermarkGenerator): number {
    const { trace, node, output, flow } = this.#known();
    let last = NO_TIMESTAMP;
    const { values, timestamps } = batch;
    const assign = timestampOf(this.strategy.timestampAssigner);
    const length = values.length;
    trace.values = values;
    for (let index = from; index < length; index += 1) {
      trace.node = node;
      trace.index = index;
      const value = values[index];
      const timestamp = assign(
        value,
        timestamps === undefined ? NO_TIMESTAMP : (timestamps[index] as number),
      );
      if (timestamp !== NO_TIMESTAMP) generator.onEvent(timestamp);
      last = timestamp;
      output(value, timestamp);
      if (flow.blocked) return this.#emitted(index + 1, timestamp);
    }
    return this.#emitted(length, last);
  }

  #emitted(next: number, timestamp: number): number {
    this.#emittedAt = this.#known().wallTime.now;
    this.#lastTimestamp = timestamp;
    return next;
  }

  /** A batch was read. */
  fetched(): void {
    this.#fetchedAt = this.#known().wallTime.now;
  }

  /** Wall time minus event time of the last record, when it was read and when it was emitted; undefined where it has none. */
  get eventTimeLag(): { readonly fetch: number; readonly emit: number } | undefined {
    if (this.#lastTimestamp === NO_TIMESTAMP) return undefined;
    return { fetch: this.#fetchedAt - this.#lastTimestamp, emit: this.#emittedAt - this.#lastTimestamp };
  }

  get metrics(): MetricComponent {
    return this.#known().metrics;
  }

  /** Sends a record that could not be decoded to the side output for those. */
  emitBadRecord(record: BadRecord): void {
    this.#known().sideOutput(BAD_RECORDS_ID)?.(record, NO_TIMESTAMP);
  }

  get operatorState(): OperatorStateStore {
    return this.#known().operatorState();
  }

  #known(): OperatorContext {
    if (this.#context === undefined) throw new InternalError('the source operator was used before setup');
    return this.#context;
  }
}

/** What the API and the source-coordinator read of a source's factory. */
export interface SourceOperatorFactory extends OperatorFactory {
  readonly source: Source<unknown>;
  readonly strategy: WatermarkStrategy<unknown>;
  create(): SourceOperator;
}

/** Reads a source; `strategy` gives its records event time. */
export function sourceOperator<T, S extends SourceSplit>(
  source: Source<T, S>,
  strategy: WatermarkStrategy<T>,
): SourceOperatorFactory {
  const untyped = source as unknown as Source<unknown>;
  const untypedStrategy = strategy as unknown as WatermarkStrategy<unknown>;
  return {
    kind: 'source',
    inputs: 0,
    emits: 'one-each',
    source: untyped,
    strategy: untypedStrategy,
    create: () => new SourceOperator(untyped, untypedStrategy),
    forBatch: () => sourceOperator(untyped, untypedStrategy.timestampsOnly()),
  };
}
