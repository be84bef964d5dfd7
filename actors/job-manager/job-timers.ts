import type { Clock, TimerHandle } from '../../src/ports/clock.ts';
import { every } from '../messaging/every.ts';

/** Timers of one job-manager, which end together. */
export class JobTimers {
  readonly #clock: Clock;
  #repeated: (() => void)[] = [];
  readonly #delayed = new Set<TimerHandle>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `act` each `ms`. */
  every(ms: number, act: () => void): void {
    this.#repeated.push(every(this.#clock, ms, act));
  }

  /** Runs `act` after `delayMs`. */
  later(delayMs: number, act: () => void): void {
    const timer = this.#clock.setTimeout(() => {
      this.#delayed.delete(timer);
      act();
    }, delayMs);
    this.#delayed.add(timer);
  }

  stop(): void {
    for (const stop of this.#repeated) stop();
    this.#repeated = [];
    for (const timer of this.#delayed) this.#clock.clearTimeout(timer);
    this.#delayed.clear();
  }
}
