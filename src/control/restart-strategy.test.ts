import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExternalError, UserError, serializeError } from '../base/errors.ts';
import { EXPONENTIAL_DELAY, NO_RESTARTS, decideRestart } from './restart-strategy.ts';
import type { RestartHistory, RestartPolicy, RestartStrategy } from './restart-strategy.ts';

const LOST = serializeError(new ExternalError('TaskManager lost'));
const THROWN = serializeError(new Error('user function'));

function policy(strategy: RestartStrategy, retryUserFailures = true): RestartPolicy {
  return { strategy, retryUserFailures };
}

/** Delays of repeated failures at the given times, until the strategy gives up. */
function delays(strategy: RestartStrategy, times: readonly number[], random = 0.5): (number | string)[] {
  let history: RestartHistory = NO_RESTARTS;
  const out: (number | string)[] = [];
  for (const at of times) {
    const decision = decideRestart(policy(strategy), history, LOST, at, random);
    if (!decision.restart) {
      out.push(decision.reason);
      break;
    }
    history = decision.history;
    out.push(decision.delayMs);
  }
  return out;
}

describe('decideRestart', () => {
  it('when the strategy is none then nothing restarts', () => {
    expect(delays({ type: 'none' }, [0])).toEqual(['restart-strategy.type is none']);
  });

  it('when fixed-delay has used up its attempts then it gives up saying so', () => {
    expect(delays({ type: 'fixed-delay', attempts: 2, delayMs: 10 }, [0, 20, 40])).toEqual([
      10,
      10,
      'all 2 restart attempts (fixed-delay) are used up',
    ]);
  });

  it('when failures are rarer than the failure rate then restarts go on, else it gives up', () => {
    const strategy = {
      type: 'failure-rate',
      maxFailuresPerInterval: 2,
      failureRateIntervalMs: 100,
      delayMs: 5,
    } as const;
    expect(delays(strategy, [0, 60, 120, 180, 240])).toEqual([5, 5, 5, 5, 5]);
    expect(delays(strategy, [0, 30, 60])).toEqual([
      5,
      5,
      expect.stringContaining('3 failures within 100 ms'),
    ]);
  });

  it('when failures repeat under exponential-delay then pauses grow by the multiplier up to the cap', () => {
    const strategy = { ...EXPONENTIAL_DELAY, maxBackoffMs: 3_000, jitterFactor: 0 } as RestartStrategy;
    expect(delays(strategy, [0, 2_000, 5_000, 9_000, 13_000])).toEqual([1_000, 1_500, 2_250, 3_000, 3_000]);
  });

  it('when the job was stable for the threshold then the pauses begin anew', () => {
    const strategy = {
      ...EXPONENTIAL_DELAY,
      jitterFactor: 0,
      resetBackoffThresholdMs: 10_000,
    } as RestartStrategy;
    expect(delays(strategy, [0, 2_000, 30_000])).toEqual([1_000, 1_500, 1_000]);
  });

  it('when attempts-before-reset-backoff is reached then it gives up', () => {
    const strategy = { ...EXPONENTIAL_DELAY, attemptsBeforeResetBackoff: 1 } as RestartStrategy;
    expect(delays(strategy, [0, 10])[1]).toMatch(/all 1 restart attempts/);
  });

  it('when jitter is drawn then the pause stays within its share and under the cap', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999_999, noNaN: true }), (random) => {
        const [delay] = delays(EXPONENTIAL_DELAY, [0], random);
        expect(delay).toBeGreaterThanOrEqual(900);
        expect(delay).toBeLessThanOrEqual(1_100);
      }),
    );
  });

  it('when user code fails without checkpoints or an explicit strategy then the job is not restarted', () => {
    expect(decideRestart(policy(EXPONENTIAL_DELAY, false), NO_RESTARTS, THROWN, 0, 0)).toMatchObject({
      restart: false,
    });
    expect(decideRestart(policy(EXPONENTIAL_DELAY, true), NO_RESTARTS, THROWN, 0, 0)).toMatchObject({
      restart: true,
    });
    expect(decideRestart(policy(EXPONENTIAL_DELAY, false), NO_RESTARTS, LOST, 0, 0)).toMatchObject({
      restart: true,
    });
  });

  it('when an error says that repeating is useless then no strategy retries it', () => {
    const error = serializeError(new UserError('bad job'));
    expect(decideRestart(policy(EXPONENTIAL_DELAY), NO_RESTARTS, error, 0, 0)).toMatchObject({
      restart: false,
    });
  });
});
