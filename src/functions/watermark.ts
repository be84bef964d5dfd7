import { MIN_WATERMARK, NO_TIMESTAMP, toMillis } from '../base/time.ts';
import type { DurationLike } from '../base/time.ts';
import { UserError } from '../base/errors.ts';

/** Event time of a record in ms; `recordTimestamp` is what the source attached, `NO_TIMESTAMP` if nothing. */
export type TimestampAssigner<T> = (value: T, recordTimestamp: number) => number;

/** Turns the timestamps of one split (or one input) into watermarks. */
export interface WatermarkGenerator {
  /** Called per record: keep it cheap. */
  onEvent(timestamp: number): void;
  /** Called per batch and per `pipeline.auto-watermark-interval`: the watermark that holds now. */
  currentWatermark(): number;
}

class BoundedOutOfOrderness implements WatermarkGenerator {
  readonly #delay: number;
  #max = NO_TIMESTAMP;

  constructor(delayMs: number) {
    this.#delay = delayMs;
  }

  onEvent(timestamp: number): void {
    if (timestamp > this.#max) this.#max = timestamp;
  }

  currentWatermark(): number {
    return this.#max === NO_TIMESTAMP ? MIN_WATERMARK : this.#max - this.#delay - 1;
  }
}

const NEVER: WatermarkGenerator = { onEvent: () => {}, currentWatermark: () => MIN_WATERMARK };

/** How event time and watermarks arise from records. Immutable: each `with...` returns a new strategy. */
export class WatermarkStrategy<T> {
  readonly createGenerator: () => WatermarkGenerator;
  readonly timestampAssigner: TimestampAssigner<T> | undefined;
  /** After this long without a record an input no longer holds back the watermark; ms. */
  readonly idlenessMs: number | undefined;

  private constructor(
    createGenerator: () => WatermarkGenerator,
    assigner: TimestampAssigner<T> | undefined,
    idlenessMs: number | undefined,
  ) {
    this.createGenerator = createGenerator;
    this.timestampAssigner = assigner;
    this.idlenessMs = idlenessMs;
  }

  /** Records are at most `delay` late: the watermark trails the highest timestamp by `delay` + 1 ms. */
  static forBoundedOutOfOrderness<T>(delay: DurationLike): WatermarkStrategy<T> {
    const delayMs = toMillis(delay, 'out-of-orderness');
    if (delayMs < 0) throw new UserError(`out-of-orderness must not be negative, got ${delayMs} ms`);
    return new WatermarkStrategy<T>(() => new BoundedOutOfOrderness(delayMs), undefined, undefined);
  }

  /** Timestamps never go back within a split. */
  static forMonotonousTimestamps<T>(): WatermarkStrategy<T> {
    return WatermarkStrategy.forBoundedOutOfOrderness<T>(0);
  }

  /** No event time; at the end of a bounded input the last watermark still closes everything. */
  static noWatermarks<T>(): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>(() => NEVER, undefined, undefined);
  }

  static forGenerator<T>(createGenerator: () => WatermarkGenerator): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>(createGenerator, undefined, undefined);
  }

  /** The same timestamps without watermarks and idleness: for execution mode BATCH, where event time passes at the end. */
  timestampsOnly(): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>(() => NEVER, this.timestampAssigner, undefined);
  }

  withTimestampAssigner<U extends T = T>(assigner: TimestampAssigner<U>): WatermarkStrategy<U> {
    return new WatermarkStrategy<U>(this.createGenerator, assigner, this.idlenessMs);
  }

  withIdleness(timeout: DurationLike): WatermarkStrategy<T> {
    const idlenessMs = toMillis(timeout, 'idleness');
    if (idlenessMs <= 0) throw new UserError(`idleness must be positive, got ${idlenessMs} ms`);
    return new WatermarkStrategy<T>(this.createGenerator, this.timestampAssigner, idlenessMs);
  }
}
