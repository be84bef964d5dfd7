import { UserError } from '../base/errors.ts';
import { toMillis } from '../base/time.ts';
import type { DurationLike } from '../base/time.ts';
import type { TimeWindow } from './window.ts';

/** A record in a window, with its timestamp in ms. */
export interface TimestampedValue<T> {
  readonly value: T;
  readonly timestamp: number;
}

/** Removes records from a window when it emits: what the methods return is what stays. */
export interface Evictor<T> {
  /** Before the window function sees the records. */
  evictBefore(elements: readonly TimestampedValue<T>[], window: TimeWindow): readonly TimestampedValue<T>[];
  /** After the window function has seen them. */
  evictAfter(elements: readonly TimestampedValue<T>[], window: TimeWindow): readonly TimestampedValue<T>[];
}

/** Keeps the last `count` records. */
export class CountEvictor<T> implements Evictor<T> {
  readonly #count: number;
  readonly #after: boolean;

  private constructor(count: number, after: boolean) {
    this.#count = count;
    this.#after = after;
  }

  /** @param doEvictAfter evict after the window function instead of before */
  static of<T>(count: number, doEvictAfter = false): CountEvictor<T> {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new UserError(`a count evictor needs a whole number of at least 0, got ${count}`);
    }
    return new CountEvictor<T>(count, doEvictAfter);
  }

  evictBefore(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    return this.#after ? elements : this.#last(elements);
  }

  evictAfter(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    return this.#after ? this.#last(elements) : elements;
  }

  #last(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    return elements.slice(Math.max(0, elements.length - this.#count));
  }
}

/** Keeps records that are at most `size` older than the newest. */
export class TimeEvictor<T> implements Evictor<T> {
  readonly #sizeMs: number;
  readonly #after: boolean;

  private constructor(sizeMs: number, after: boolean) {
    this.#sizeMs = sizeMs;
    this.#after = after;
  }

  static of<T>(size: DurationLike, doEvictAfter = false): TimeEvictor<T> {
    return new TimeEvictor<T>(toMillis(size, 'size of a time evictor'), doEvictAfter);
  }

  evictBefore(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    return this.#after ? elements : this.#recent(elements);
  }

  evictAfter(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    return this.#after ? this.#recent(elements) : elements;
  }

  #recent(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    const newest = elements.reduce(
      (max, { timestamp }) => Math.max(max, timestamp),
      Number.NEGATIVE_INFINITY,
    );
    return elements.filter(({ timestamp }) => timestamp >= newest - this.#sizeMs);
  }
}
