import { UserError } from '../../base/errors.ts';
import { toMillis } from '../../base/time.ts';
import type { DurationLike } from '../../base/time.ts';

/** How records are put into windows. All windows are half open, `[start, end)`, and aligned to the epoch plus an offset. */
export type WindowAssigner =
  | TumblingEventTimeWindows
  | SlidingEventTimeWindows
  | EventTimeSessionWindows
  | DynamicEventTimeSessionWindows
  | TumblingProcessingTimeWindows
  | SlidingProcessingTimeWindows
  | ProcessingTimeSessionWindows
  | GlobalWindows;

/** Windows of one size, one after the other. */
export class TumblingEventTimeWindows {
  readonly kind = 'tumbling-event-time';
  readonly sizeMs: number;
  readonly offsetMs: number;

  private constructor(sizeMs: number, offsetMs: number) {
    this.sizeMs = sizeMs;
    this.offsetMs = offsetMs;
  }

  /** @throws UserError when the size is not positive or the offset is not smaller than the size */
  static of(size: DurationLike, offset: DurationLike = 0): TumblingEventTimeWindows {
    const sizeMs = positive(size, 'size of a tumbling window');
    return new TumblingEventTimeWindows(sizeMs, checkedOffset(offset, sizeMs, 'size'));
  }
}

/** Windows of one size that begin every `slide`: they overlap when the slide is smaller than the size. */
export class SlidingEventTimeWindows {
  readonly kind = 'sliding-event-time';
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;

  private constructor(sizeMs: number, slideMs: number, offsetMs: number) {
    this.sizeMs = sizeMs;
    this.slideMs = slideMs;
    this.offsetMs = offsetMs;
  }

  /** @throws UserError when size or slide is not positive or the offset is not smaller than the slide */
  static of(size: DurationLike, slide: DurationLike, offset: DurationLike = 0): SlidingEventTimeWindows {
    const sizeMs = positive(size, 'size of a sliding window');
    const slideMs = positive(slide, 'slide of a sliding window');
    return new SlidingEventTimeWindows(sizeMs, slideMs, checkedOffset(offset, slideMs, 'slide'));
  }
}

/** One window per burst of records of a key: it ends `gap` after its last record. Records exactly `gap` apart share one. */
export class EventTimeSessionWindows {
  readonly kind = 'session-event-time';
  readonly gapMs: number;

  private constructor(gapMs: number) {
    this.gapMs = gapMs;
  }

  /** @throws UserError when the gap is not positive */
  static withGap(gap: DurationLike): EventTimeSessionWindows {
    return new EventTimeSessionWindows(positive(gap, 'gap of a session window'));
  }
}

/** Session windows whose gap each record decides. */
export class DynamicEventTimeSessionWindows {
  readonly kind = 'dynamic-session-event-time';
  readonly gapOf: (value: unknown) => number;

  private constructor(gapOf: (value: unknown) => number) {
    this.gapOf = gapOf;
  }

  /** @param extractor gap of a record; a gap that is not positive fails the record's operator */
  static withDynamicGap<T>(extractor: (value: T) => DurationLike): DynamicEventTimeSessionWindows {
    return new DynamicEventTimeSessionWindows((value) =>
      positive(extractor(value as T), 'gap of a session window'),
    );
  }
}

/** As TumblingEventTimeWindows, by the wall clock of the machine that processes the record. */
export class TumblingProcessingTimeWindows {
  readonly kind = 'tumbling-processing-time';
  readonly sizeMs: number;
  readonly offsetMs: number;

  private constructor(sizeMs: number, offsetMs: number) {
    this.sizeMs = sizeMs;
    this.offsetMs = offsetMs;
  }

  static of(size: DurationLike, offset: DurationLike = 0): TumblingProcessingTimeWindows {
    const { sizeMs, offsetMs } = TumblingEventTimeWindows.of(size, offset);
    return new TumblingProcessingTimeWindows(sizeMs, offsetMs);
  }
}

/** As SlidingEventTimeWindows, by the wall clock. */
export class SlidingProcessingTimeWindows {
  readonly kind = 'sliding-processing-time';
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;

  private constructor(sizeMs: number, slideMs: number, offsetMs: number) {
    this.sizeMs = sizeMs;
    this.slideMs = slideMs;
    this.offsetMs = offsetMs;
  }

  static of(size: DurationLike, slide: DurationLike, offset: DurationLike = 0): SlidingProcessingTimeWindows {
    const { sizeMs, slideMs, offsetMs } = SlidingEventTimeWindows.of(size, slide, offset);
    return new SlidingProcessingTimeWindows(sizeMs, slideMs, offsetMs);
  }
}

/** As EventTimeSessionWindows, by the wall clock. */
export class ProcessingTimeSessionWindows {
  readonly kind = 'session-processing-time';
  readonly gapMs: number;

  private constructor(gapMs: number) {
    this.gapMs = gapMs;
  }

  static withGap(gap: DurationLike): ProcessingTimeSessionWindows {
    return new ProcessingTimeSessionWindows(EventTimeSessionWindows.withGap(gap).gapMs);
  }
}

/** One window per key for all time; emits only as its trigger says. */
export class GlobalWindows {
  readonly kind = 'global';

  static create(): GlobalWindows {
    return new GlobalWindows();
  }
}

function positive(duration: DurationLike, what: string): number {
  const ms = toMillis(duration, what);
  if (ms > 0 && Number.isSafeInteger(ms)) return ms;
  throw new UserError(`the ${what} must be a positive whole number of milliseconds, got ${ms}`);
}

function checkedOffset(offset: DurationLike, bound: number, boundName: string): number {
  const ms = toMillis(offset, 'offset of a window');
  if (Number.isSafeInteger(ms) && Math.abs(ms) < bound) return ms;
  throw new UserError(
    `the offset of a window must be whole milliseconds and smaller than its ${boundName}: |${ms}| is not below ${bound}`,
  );
}
