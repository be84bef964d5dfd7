import { AbstractRichFunction } from './basic.ts';
import type { Collector, Key } from './basic.ts';
import type { KeyedStateStore } from './context.ts';
import type { OutputTag } from './output-tag.ts';

/** A window of time: `start` inclusive, `end` exclusive, ms. */
export interface TimeWindow {
  readonly start: number;
  readonly end: number;
  /** Last timestamp that belongs to it: `end - 1`. */
  maxTimestamp(): number;
}

/**
 * Incremental aggregation: one accumulator per key and window.
 * `add` may change the accumulator in place and return nothing, or return a new one.
 */
export interface AggregateFunction<I, A, O> {
  /**
   * Names of the only fields of a record that `add` reads. Where it says so, behind a `keyBy` of named fields, `add` may get
   * records with these and the key's fields alone.
   */
  readonly fields?: readonly string[];
  createAccumulator(): A;
  add(value: I, accumulator: A): A | void;
  getResult(accumulator: A): O;
  /** Needed by merging windows (sessions) and by aggregation in two phases; may change and return `a`. */
  merge?(a: A, b: A): A;
}

export interface ProcessWindowContext {
  readonly window: TimeWindow;
  currentProcessingTime(): number;
  currentWatermark(): number;
  /** State of this key and window, dropped with the window. */
  windowState(): KeyedStateStore;
  /** State of this key across windows. */
  globalState(): KeyedStateStore;
  output<S>(tag: OutputTag<S>, value: S): void;
}

/** Sees all records of a window (or the one aggregated value) when it fires. */
export abstract class ProcessWindowFunction<I, O, K extends Key> extends AbstractRichFunction {
  abstract process(key: K, context: ProcessWindowContext, elements: Iterable<I>, out: Collector<O>): void;

  /** Called when the window is dropped: free `windowState` here. */
  clear(_key: K, _context: ProcessWindowContext): void {}
}

/** The short form users may pass for a ProcessWindowFunction. */
export type ProcessWindowLike<I, O, K extends Key> =
  | ((key: K, context: ProcessWindowContext, elements: Iterable<I>, out: Collector<O>) => void)
  | ProcessWindowFunction<I, O, K>;
