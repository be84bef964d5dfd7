import type { SerializedError } from '../base/errors.ts';

/** `restart-strategy.type` with its options; times in ms. */
export type RestartStrategy =
  | { readonly type: 'none' }
  | { readonly type: 'fixed-delay'; readonly attempts: number; readonly delayMs: number }
  | {
      readonly type: 'failure-rate';
      readonly maxFailuresPerInterval: number;
      readonly failureRateIntervalMs: number;
      readonly delayMs: number;
    }
  | {
      readonly type: 'exponential-delay';
      readonly initialBackoffMs: number;
      readonly maxBackoffMs: number;
      readonly backoffMultiplier: number;
      readonly jitterFactor: number;
      /** Stable for this long: the backoff starts anew. */
      readonly resetBackoffThresholdMs: number;
      /** Gives up after so many restarts without a reset; Infinity never. */
      readonly attemptsBeforeResetBackoff: number;
    };

/** Flink's defaults. */
export const EXPONENTIAL_DELAY: RestartStrategy = {
  type: 'exponential-delay',
  initialBackoffMs: 1_000,
  maxBackoffMs: 60_000,
  backoffMultiplier: 1.5,
  jitterFactor: 0.1,
  resetBackoffThresholdMs: 3_600_000,
  attemptsBeforeResetBackoff: Number.POSITIVE_INFINITY,
};

export interface RestartPolicy {
  readonly strategy: RestartStrategy;
  /**
   * Whether failures of user code are retried. True when the user chose a strategy or has checkpoints: otherwise a job
   * would run into the same record from its start again and again.
   */
  readonly retryUserFailures: boolean;
}

/** What the strategies remember between failures. Times are of the monotonic clock. */
export interface RestartHistory {
  /** Restarts granted since the last reset. */
  readonly attempts: number;
  /** Times of failures inside the failure-rate interval. */
  readonly failures: readonly number[];
  /** Backoff used last; undefined after a reset. */
  readonly backoffMs: number | undefined;
  /** When the restart granted last was due. */
  readonly restartedAt: number;
}

export const NO_RESTARTS: RestartHistory = {
  attempts: 0,
  failures: [],
  backoffMs: undefined,
  restartedAt: 0,
};

export type RestartDecision =
  | { readonly restart: true; readonly delayMs: number; readonly history: RestartHistory }
  | { readonly restart: false; readonly reason: string };

/**
 * Decides what follows a failure. Pure.
 * @param now monotonic ms
 * @param random uniform in [0, 1), for jitter
 */
export function decideRestart(
  policy: RestartPolicy,
  history: RestartHistory,
  error: SerializedError,
  now: number,
  random: number,
): RestartDecision {
  if (error.domain === 'user' && !policy.retryUserFailures) {
    return {
      restart: false,
      reason:
        'failures of user code are retried only with checkpointing or an explicit restart-strategy.type',
    };
  }
  if (error.domain === 'user' && !error.retryable)
    return { restart: false, reason: 'this failure cannot be retried' };
  const { strategy } = policy;
  switch (strategy.type) {
    case 'none':
      return { restart: false, reason: 'restart-strategy.type is none' };
    case 'fixed-delay':
      return fixedDelay(strategy, history, now);
    case 'failure-rate':
      return failureRate(strategy, history, now);
    case 'exponential-delay':
      return exponentialDelay(strategy, history, now, random);
  }
}

type Of<T extends RestartStrategy['type']> = Extract<RestartStrategy, { type: T }>;

function fixedDelay(strategy: Of<'fixed-delay'>, history: RestartHistory, now: number): RestartDecision {
  if (history.attempts >= strategy.attempts) {
    return { restart: false, reason: `all ${strategy.attempts} restart attempts (fixed-delay) are used up` };
  }
  return grant(history, strategy.delayMs, now, {});
}

function failureRate(strategy: Of<'failure-rate'>, history: RestartHistory, now: number): RestartDecision {
  const failures = [...history.failures.filter((at) => now - at < strategy.failureRateIntervalMs), now];
  if (failures.length > strategy.maxFailuresPerInterval) {
    return {
      restart: false,
      reason:
        `${failures.length} failures within ${strategy.failureRateIntervalMs} ms, ` +
        `${strategy.maxFailuresPerInterval} are allowed (failure-rate)`,
    };
  }
  return grant(history, strategy.delayMs, now, { failures });
}

function exponentialDelay(
  strategy: Of<'exponential-delay'>,
  history: RestartHistory,
  now: number,
  random: number,
): RestartDecision {
  const stable =
    history.backoffMs !== undefined && now - history.restartedAt >= strategy.resetBackoffThresholdMs;
  const { attempts, backoffMs: last } = stable ? NO_RESTARTS : history;
  if (attempts >= strategy.attemptsBeforeResetBackoff) {
    return { restart: false, reason: `all ${attempts} restart attempts (exponential-delay) are used up` };
  }
  const wanted = last === undefined ? strategy.initialBackoffMs : last * strategy.backoffMultiplier;
  const backoffMs = Math.min(wanted, strategy.maxBackoffMs);
  const jitter = backoffMs * strategy.jitterFactor * (2 * random - 1);
  const delayMs = Math.min(Math.max(0, backoffMs + jitter), strategy.maxBackoffMs);
  return grant({ ...history, attempts }, delayMs, now, { backoffMs });
}

function grant(
  history: RestartHistory,
  delayMs: number,
  now: number,
  change: Partial<RestartHistory>,
): RestartDecision {
  return {
    restart: true,
    delayMs,
    history: { ...history, ...change, attempts: history.attempts + 1, restartedAt: now + delayMs },
  };
}
