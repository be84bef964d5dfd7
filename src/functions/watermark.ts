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

/** Sources, subtasks and splits that are ahead wait for those behind. */
export interface WatermarkAlignment {
  readonly group: string;
  readonly maxDriftMs: number;
  /** How often subtasks tell each other, by way of the job-manager, how far they are; ms. */
  readonly updateIntervalMs: number;
}

/** How event time and watermarks arise from records. Immutable: each `with...` returns a new strategy. */
export class WatermarkStrategy<T> {
  readonly createGenerator: () => WatermarkGenerator;
  readonly timestampAssigner: TimestampAssigner<T> | undefined;
  /** After this long without a record an input no longer holds back the watermark; ms. */
  readonly idlenessMs: number | undefined;
  readonly alignment: WatermarkAlignment | undefined;

  private constructor(
    createGenerator: () => WatermarkGenerator,
    assigner: TimestampAssigner<T> | undefined,
    idlenessMs: number | undefined,
    alignment?: WatermarkAlignment,
  ) {
    this.alignment = alignment;
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
    return new WatermarkStrategy<U>(this.createGenerator, assigner, this.idlenessMs, this.alignment);
  }

  withIdleness(timeout: DurationLike): WatermarkStrategy<T> {
    const idlenessMs = toMillis(timeout, 'idleness');
    if (idlenessMs <= 0) throw new UserError(`idleness must be positive, got ${idlenessMs} ms`);
    return new WatermarkStrategy<T>(this.createGenerator, this.timestampAssigner, idlenessMs, this.alignment);
  }

  /**
   * Keeps the sources of `group` together: what is more than `maxDrift` ahead of the group's smallest watermark is not read until
   * that has caught up. A subtask compares its own splits at each batch, and pauses single ones where the source's reader can
   * (`SourceReader.pauseOrResumeSplits`); of the group's other subtasks it hears every `updateInterval`, so that one that is
   * ahead moves by about what the slowest one moved in that time. Splits without records hold the others back: use
   * `withIdleness` too. Subtasks that are idle, hold no split or have read everything hold nobody back, nor do those that have
   * not been heard of for ten intervals (and ten seconds). Strategies of one group should agree in drift and interval. No effect in execution
   * mode BATCH.
   * @throws UserError when a time is negative, the interval is 0 or the group has no name
   */
  withWatermarkAlignment(
    group: string,
    maxDrift: DurationLike,
    updateInterval: DurationLike = 1_000,
  ): WatermarkStrategy<T> {
    if (typeof group !== 'string' || group === '')
      throw new UserError('watermark alignment needs the name of a group: a text that is not empty');
    const maxDriftMs = toMillis(maxDrift, 'maximal drift of watermarks');
    const updateIntervalMs = toMillis(updateInterval, 'update interval of watermark alignment');
    if (maxDriftMs < 0) throw new UserError(`the maximal drift must not be negative, got ${maxDriftMs} ms`);
    if (updateIntervalMs <= 0)
      throw new UserError(`the update interval must be positive, got ${updateIntervalMs} ms`);
    const alignment = { group, maxDriftMs, updateIntervalMs };
    return new WatermarkStrategy<T>(this.createGenerator, this.timestampAssigner, this.idlenessMs, alignment);
  }
}
