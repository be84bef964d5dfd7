import { AbstractRichFunction } from './basic.ts';
import type { Collector, Key } from './basic.ts';
import type { OutputTag } from './output-tag.ts';

/** Time and timers. Timers exist on keyed streams only, and are unique per key and timestamp. */
export interface TimerService {
  /** Wall time in ms. */
  currentProcessingTime(): number;
  /** Watermark of this operator in ms; `MIN_WATERMARK` before the first. */
  currentWatermark(): number;
  registerEventTimeTimer(timestamp: number): void;
  registerProcessingTimeTimer(timestamp: number): void;
  deleteEventTimeTimer(timestamp: number): void;
  deleteProcessingTimeTimer(timestamp: number): void;
}

export interface ProcessContext {
  /** Timestamp of the record in ms, `undefined` where it has none. */
  readonly timestamp: number | undefined;
  timerService(): TimerService;
  /** Emits to a side output. */
  output<S>(tag: OutputTag<S>, value: S): void;
}

export interface KeyedProcessContext<K extends Key> extends ProcessContext {
  getCurrentKey(): K;
}

export interface OnTimerContext<K extends Key> extends KeyedProcessContext<K> {
  readonly timeDomain: 'event-time' | 'processing-time';
}

export abstract class ProcessFunction<I, O> extends AbstractRichFunction {
  abstract processElement(value: I, context: ProcessContext, out: Collector<O>): void;
}

export abstract class KeyedProcessFunction<K extends Key, I, O> extends AbstractRichFunction {
  abstract processElement(value: I, context: KeyedProcessContext<K>, out: Collector<O>): void;

  onTimer(_timestamp: number, _context: OnTimerContext<K>, _out: Collector<O>): void {}
}
