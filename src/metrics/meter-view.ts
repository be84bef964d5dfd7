import { UserError } from '../base/errors.ts';
import { METER_WINDOW_SECONDS, METER_WINDOW_SECONDS_MAX } from '../base/limits.ts';
import type { Counter, Meter } from '../functions/metrics.ts';
import { RateWindow } from './rate-window.ts';
import { SimpleCounter } from './simple-counter.ts';

/** The average rate over the last seconds. An event costs what a counter costs; the rate is worked out when time passes. */
export class MeterView implements Meter {
  readonly #counter: Counter;
  readonly #window: RateWindow;

  /** @param timeSpanInSeconds that the rate is the average of */
  constructor(timeSpanInSeconds?: number);
  /** @param counter whose growth is measured: `markEvent` counts it up */
  constructor(counter: Counter, timeSpanInSeconds?: number);
  constructor(first: Counter | number = METER_WINDOW_SECONDS, second = METER_WINDOW_SECONDS) {
    const seconds = typeof first === 'number' ? first : second;
    if (!(seconds > 0 && seconds <= METER_WINDOW_SECONDS_MAX))
      throw new UserError(
        `a MeterView measures over 1 to ${METER_WINDOW_SECONDS_MAX} seconds, not ${seconds}`,
      );
    this.#counter = typeof first === 'number' ? new SimpleCounter() : first;
    this.#window = new RateWindow(seconds);
  }

  markEvent(n = 1): void {
    this.#counter.inc(n);
  }

  getRate(): number {
    return this.#window.rate;
  }

  getCount(): number {
    return this.#counter.getCount();
  }

  /** Time has passed. @param now monotonic ms; called by those who collect metrics */
  update(now: number): void {
    this.#window.update(this.#counter.getCount(), now);
  }
}
