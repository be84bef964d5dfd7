import type { RuntimeContext } from './context.ts';

/** Receives what an operator emits; the timestamp of the record in hand is kept. */
export interface Collector<T> {
  collect(value: T): void;
}

/**
 * Life cycle of a function that needs set-up. `open` runs once per subtask and attempt before any record, `close` once
 * after the last, also after a failure. Both may be asynchronous; record methods never are.
 */
export interface RichFunction {
  open?(context: RuntimeContext): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** Base class for functions that keep their runtime context, in Flink's manner. */
export abstract class AbstractRichFunction implements RichFunction {
  #context: RuntimeContext | undefined;

  /** The context of this subtask; available from `open` on. */
  getRuntimeContext(): RuntimeContext {
    if (this.#context === undefined) throw new Error('getRuntimeContext() is available from open() on');
    return this.#context;
  }

  /** Called by the runtime before `open`. */
  setRuntimeContext(context: RuntimeContext): void {
    this.#context = context;
  }

  open(_context: RuntimeContext): void | Promise<void> {}

  close(): void | Promise<void> {}
}

export interface MapFunction<I, O> extends RichFunction {
  map(value: I): O;
}
export interface FilterFunction<T> extends RichFunction {
  filter(value: T): boolean;
}
export interface FlatMapFunction<I, O> extends RichFunction {
  flatMap(value: I, out: Collector<O>): void;
}
export interface ReduceFunction<T> extends RichFunction {
  /** Combines two values of one key; may change and return `accumulated`. */
  reduce(accumulated: T, value: T): T;
}

export abstract class RichMapFunction<I, O> extends AbstractRichFunction implements MapFunction<I, O> {
  abstract map(value: I): O;
}
export abstract class RichFilterFunction<T> extends AbstractRichFunction implements FilterFunction<T> {
  abstract filter(value: T): boolean;
}
export abstract class RichFlatMapFunction<I, O>
  extends AbstractRichFunction
  implements FlatMapFunction<I, O>
{
  abstract flatMap(value: I, out: Collector<O>): void;
}

/** What users may pass for each: a plain function or an object with the method. */
export type MapLike<I, O> = ((value: I) => O) | MapFunction<I, O>;
export type FilterLike<T> = ((value: T) => boolean) | FilterFunction<T>;
/** A plain flatMap may return an iterable, emit through `out`, or both. */
export type FlatMapLike<I, O> = ((value: I, out: Collector<O>) => Iterable<O> | void) | FlatMapFunction<I, O>;
export type ReduceLike<T> = ((accumulated: T, value: T) => T) | ReduceFunction<T>;

/** Keys: primitives, or arrays of primitives as composite keys. */
export type PrimitiveKey = string | number | bigint | boolean | null;
export type Key = PrimitiveKey | readonly PrimitiveKey[];
export type KeySelector<T, K extends Key = Key> = (value: T) => K;

/** Chooses the target subtask of a record: an integer in [0, numPartitions). */
export type Partitioner<K> = (key: K, numPartitions: number) => number;
