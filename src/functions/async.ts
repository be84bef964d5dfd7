import { UserError } from '../base/errors.ts';
import { toMillis } from '../base/time.ts';
import type { DurationLike } from '../base/time.ts';
import { AbstractRichFunction } from './basic.ts';

/** Takes the outcome of one request; the first call counts. */
export interface ResultFuture<O> {
  complete(results: Iterable<O>): void;
  completeExceptionally(error: unknown): void;
}

/** A request per record, many at once: to a database, a service. */
export abstract class AsyncFunction<I, O> extends AbstractRichFunction {
  abstract asyncInvoke(input: I, result: ResultFuture<O>): void | Promise<void>;

  /** The request took too long; unless it completes `result`, the job fails. */
  timeout(_input: I, result: ResultFuture<O>): void {
    result.completeExceptionally(new AsyncTimeoutError('an asynchronous request timed out'));
  }
}

/** What users may pass for an AsyncFunction: a function that returns a promise of the results. */
export type AsyncLike<I, O> = ((input: I) => Promise<Iterable<O>>) | AsyncFunction<I, O>;

/** A request of async I/O got no answer in time; the cure is a longer timeout, or `timeout()` of the AsyncFunction. */
export class AsyncTimeoutError extends UserError {
  constructor(message: string) {
    super(message, { retryable: true });
  }
}

/** Which outcomes are tried again, and when. */
export interface AsyncRetryStrategy<O> {
  /** Tries in all. */
  readonly maxAttempts: number;
  /** Pause before try `attempt` (2 for the second), ms. */
  backoffMs(attempt: number): number;
  retryOnException(error: unknown): boolean;
  retryOnResult(results: readonly O[]): boolean;
}

interface RetryConditions<O> {
  readonly ifException?: (error: unknown) => boolean;
  readonly ifResult?: (results: readonly O[]) => boolean;
}

/** Ready-made retry strategies; without conditions every exception is tried again and no result is. */
export const AsyncRetryStrategies = {
  fixedDelay<O>(
    maxAttempts: number,
    delay: DurationLike,
    conditions: RetryConditions<O> = {},
  ): AsyncRetryStrategy<O> {
    const delayMs = toMillis(delay, 'delay of a retry strategy');
    return retryStrategy(maxAttempts, () => delayMs, conditions);
  },

  exponentialBackoff<O>(
    maxAttempts: number,
    initial: DurationLike,
    max: DurationLike,
    multiplier: number,
    conditions: RetryConditions<O> = {},
  ): AsyncRetryStrategy<O> {
    const initialMs = toMillis(initial, 'initial delay of a retry strategy');
    const maxMs = toMillis(max, 'largest delay of a retry strategy');
    return retryStrategy(
      maxAttempts,
      (attempt) => Math.min(maxMs, initialMs * multiplier ** (attempt - 2)),
      conditions,
    );
  },
} as const;

function retryStrategy<O>(
  maxAttempts: number,
  backoffMs: (attempt: number) => number,
  { ifException = () => true, ifResult = () => false }: RetryConditions<O>,
): AsyncRetryStrategy<O> {
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
    throw new UserError(
      `a retry strategy needs a whole number of attempts of at least 1, got ${maxAttempts}`,
    );
  }
  return { maxAttempts, backoffMs, retryOnException: ifException, retryOnResult: ifResult };
}
