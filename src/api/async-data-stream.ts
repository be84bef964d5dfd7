import { UserError } from '../base/errors.ts';
import { toMillis } from '../base/time.ts';
import type { DurationLike } from '../base/time.ts';
import { asyncWaitOperator } from '../dataplane/operators/index.ts';
import type { AsyncLike, AsyncRetryStrategy } from '../functions/async.ts';
import type { DataStream, SingleOutputStreamOperator } from './data-stream.ts';

/** Units of the guide's five-argument form. */
export const TimeUnit = { MILLISECONDS: 1, SECONDS: 1_000, MINUTES: 60_000 } as const;
export type TimeUnit = (typeof TimeUnit)[keyof typeof TimeUnit];

/** Requests under way at once where the caller does not say. */
const DEFAULT_CAPACITY = 100;

/** Calls services and databases for each record without waiting for one answer before the next request. */
export const AsyncDataStream = {
  /** Results as they come; records never pass a watermark. `timeout` is in `unit`, or any duration without one. */
  unorderedWait<I, O>(
    stream: DataStream<I>,
    fn: AsyncLike<I, O>,
    timeout: DurationLike,
    unit: TimeUnit = TimeUnit.MILLISECONDS,
    capacity: number = DEFAULT_CAPACITY,
  ): SingleOutputStreamOperator<O> {
    return wait(stream, fn, false, inUnit(timeout, unit), capacity);
  },

  /** Results in the order of their records. */
  orderedWait<I, O>(
    stream: DataStream<I>,
    fn: AsyncLike<I, O>,
    timeout: DurationLike,
    unit: TimeUnit = TimeUnit.MILLISECONDS,
    capacity: number = DEFAULT_CAPACITY,
  ): SingleOutputStreamOperator<O> {
    return wait(stream, fn, true, inUnit(timeout, unit), capacity);
  },

  /** As `unorderedWait`; the timeout is for all tries of a record together. */
  unorderedWaitWithRetry<I, O>(
    stream: DataStream<I>,
    fn: AsyncLike<I, O>,
    timeout: DurationLike,
    unit: TimeUnit,
    capacity: number,
    retry: AsyncRetryStrategy<O>,
  ): SingleOutputStreamOperator<O> {
    return wait(stream, fn, false, inUnit(timeout, unit), capacity, retry);
  },

  /** As `orderedWait`; the timeout is for all tries of a record together. */
  orderedWaitWithRetry<I, O>(
    stream: DataStream<I>,
    fn: AsyncLike<I, O>,
    timeout: DurationLike,
    unit: TimeUnit,
    capacity: number,
    retry: AsyncRetryStrategy<O>,
  ): SingleOutputStreamOperator<O> {
    return wait(stream, fn, true, inUnit(timeout, unit), capacity, retry);
  },
} as const;

function inUnit(timeout: DurationLike, unit: TimeUnit): number {
  if (typeof timeout === 'number') return timeout * unit;
  if (unit !== TimeUnit.MILLISECONDS)
    throw new UserError('give the timeout of async I/O as a number with a unit, or as a duration');
  return toMillis(timeout, 'timeout of async I/O');
}

function wait<I, O>(
  stream: DataStream<I>,
  fn: AsyncLike<I, O>,
  ordered: boolean,
  timeoutMs: number,
  capacity: number,
  retry?: AsyncRetryStrategy<O>,
): SingleOutputStreamOperator<O> {
  const own = retry === undefined ? {} : { retry: retry as AsyncRetryStrategy<unknown> };
  return stream.transform('Async Wait', asyncWaitOperator(fn, { ordered, timeoutMs, capacity, ...own }));
}
