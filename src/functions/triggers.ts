import { UserError } from '../base/errors.ts';
import { toMillis } from '../base/time.ts';
import type { DurationLike } from '../base/time.ts';
import { Trigger } from './trigger.ts';
import type { TriggerContext, TriggerResult } from './trigger.ts';
import type { TimeWindow } from './window.ts';

/** Goes by times and numbers alone; a class that extends one of these may do otherwise. */
abstract class TimingTrigger extends Trigger {
  override get ignoresElements(): boolean {
    return TIMING_TRIGGERS.has(this.constructor);
  }
}

/** Emits when the watermark passes the window's end, and for each late record after that. The default in event time. */
export class EventTimeTrigger extends TimingTrigger {
  static create(): EventTimeTrigger {
    return new EventTimeTrigger();
  }

  onElement(_value: unknown, _timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult {
    if (window.maxTimestamp() <= context.currentWatermark()) return 'FIRE';
    context.registerEventTimeTimer(window.maxTimestamp());
    return 'CONTINUE';
  }

  override onEventTime(timestamp: number, window: TimeWindow): TriggerResult {
    return timestamp === window.maxTimestamp() ? 'FIRE' : 'CONTINUE';
  }

  override onMerge(window: TimeWindow, context: TriggerContext): void {
    if (window.maxTimestamp() > context.currentWatermark())
      context.registerEventTimeTimer(window.maxTimestamp());
  }
}

/** Emits when wall time passes the window's end. The default in processing time. */
export class ProcessingTimeTrigger extends TimingTrigger {
  static create(): ProcessingTimeTrigger {
    return new ProcessingTimeTrigger();
  }

  onElement(_value: unknown, _timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult {
    context.registerProcessingTimeTimer(window.maxTimestamp());
    return 'CONTINUE';
  }

  override onProcessingTime(timestamp: number, window: TimeWindow): TriggerResult {
    return timestamp === window.maxTimestamp() ? 'FIRE' : 'CONTINUE';
  }

  override onMerge(window: TimeWindow, context: TriggerContext): void {
    context.registerProcessingTimeTimer(window.maxTimestamp());
  }
}

const COUNT = 'count';

/** Emits whenever `count` further records have come. */
export class CountTrigger extends TimingTrigger {
  readonly #count: number;

  private constructor(count: number) {
    super();
    this.#count = count;
  }

  /** @throws UserError when the count is not a positive whole number */
  static of(count: number): CountTrigger {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new UserError(`a count trigger needs a whole number of at least 1, got ${count}`);
    }
    return new CountTrigger(count);
  }

  onElement(
    _value: unknown,
    _timestamp: number,
    _window: TimeWindow,
    context: TriggerContext,
  ): TriggerResult {
    return this.#reached((context.getValue<number>(COUNT) ?? 0) + 1, context);
  }

  override onMerge(
    _window: TimeWindow,
    context: TriggerContext,
    values: (name: string) => readonly unknown[],
  ): void {
    context.setValue(
      COUNT,
      (values(COUNT) as number[]).reduce((sum, count) => sum + count, 0),
    );
  }

  #reached(count: number, context: TriggerContext): TriggerResult {
    context.setValue(COUNT, count >= this.#count ? 0 : count);
    return count >= this.#count ? 'FIRE' : 'CONTINUE';
  }
}

/** Emits each `interval` of event time while the window is open, and at its end. */
export class ContinuousEventTimeTrigger extends TimingTrigger {
  readonly #intervalMs: number;

  private constructor(intervalMs: number) {
    super();
    this.#intervalMs = intervalMs;
  }

  static of(interval: DurationLike): ContinuousEventTimeTrigger {
    return new ContinuousEventTimeTrigger(positiveInterval(interval));
  }

  onElement(_value: unknown, timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult {
    if (window.maxTimestamp() <= context.currentWatermark()) return 'FIRE';
    context.registerEventTimeTimer(window.maxTimestamp());
    context.registerEventTimeTimer(this.#next(timestamp, window));
    return 'CONTINUE';
  }

  override onEventTime(timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult {
    if (timestamp < window.maxTimestamp()) context.registerEventTimeTimer(this.#next(timestamp, window));
    return 'FIRE';
  }

  override onMerge(window: TimeWindow, context: TriggerContext): void {
    context.registerEventTimeTimer(window.maxTimestamp());
    context.registerEventTimeTimer(this.#next(Math.max(window.start, context.currentWatermark()), window));
  }

  #next(timestamp: number, window: TimeWindow): number {
    const next = timestamp - (timestamp % this.#intervalMs) + this.#intervalMs;
    return Math.min(next, window.maxTimestamp());
  }
}

/** Emits each `interval` of wall time while records come. */
export class ContinuousProcessingTimeTrigger extends TimingTrigger {
  readonly #intervalMs: number;

  private constructor(intervalMs: number) {
    super();
    this.#intervalMs = intervalMs;
  }

  static of(interval: DurationLike): ContinuousProcessingTimeTrigger {
    return new ContinuousProcessingTimeTrigger(positiveInterval(interval));
  }

  onElement(
    _value: unknown,
    _timestamp: number,
    _window: TimeWindow,
    context: TriggerContext,
  ): TriggerResult {
    const now = context.currentProcessingTime();
    context.registerProcessingTimeTimer(now - (now % this.#intervalMs) + this.#intervalMs);
    return 'CONTINUE';
  }

  override onProcessingTime(): TriggerResult {
    return 'FIRE';
  }

  override onMerge(_window: TimeWindow, context: TriggerContext): void {
    const now = context.currentProcessingTime();
    context.registerProcessingTimeTimer(now - (now % this.#intervalMs) + this.#intervalMs);
  }
}

/** Emits like another trigger, and drops the content each time. */
export class PurgingTrigger<T> extends Trigger<T> {
  readonly #inner: Trigger<T>;

  private constructor(inner: Trigger<T>) {
    super();
    this.#inner = inner;
  }

  static of<T>(inner: Trigger<T>): PurgingTrigger<T> {
    return new PurgingTrigger(inner);
  }

  override get ignoresElements(): boolean {
    return this.#inner.ignoresElements;
  }

  onElement(value: T, timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult {
    return purging(this.#inner.onElement(value, timestamp, window, context));
  }

  override onEventTime(timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult {
    return purging(this.#inner.onEventTime(timestamp, window, context));
  }

  override onProcessingTime(timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult {
    return purging(this.#inner.onProcessingTime(timestamp, window, context));
  }

  override onMerge(
    window: TimeWindow,
    context: TriggerContext,
    values: (name: string) => readonly unknown[],
  ): void {
    this.#inner.onMerge(window, context, values);
  }
}

/** Never emits by itself: the default of global windows. */
export class NeverTrigger extends TimingTrigger {
  onElement(): TriggerResult {
    return 'CONTINUE';
  }
}

function purging(result: TriggerResult): TriggerResult {
  return result === 'FIRE' ? 'FIRE_AND_PURGE' : result;
}

function positiveInterval(interval: DurationLike): number {
  const ms = toMillis(interval, 'interval of a continuous trigger');
  if (ms > 0 && Number.isSafeInteger(ms)) return ms;
  throw new UserError(
    `the interval of a continuous trigger must be a positive whole number of milliseconds, got ${ms}`,
  );
}

const TIMING_TRIGGERS: ReadonlySet<unknown> = new Set([
  EventTimeTrigger,
  ProcessingTimeTrigger,
  CountTrigger,
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  NeverTrigger,
]);
