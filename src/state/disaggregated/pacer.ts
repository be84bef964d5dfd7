import { GROUP_LOAD_STEP_MS } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';

/** Breaks long work in the background up, so that records come in between. Shared by all who work for one operator. */
export class Pacer {
  readonly #clock: Pick<Clock, 'monotonic' | 'setTimeout'>;
  #since: number;

  constructor(clock: Pick<Clock, 'monotonic' | 'setTimeout'>) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** Something to wait for where the work has gone on for long enough. */
  readonly pause = (): Promise<void> | undefined => {
    if (this.#clock.monotonic() - this.#since < GROUP_LOAD_STEP_MS) return undefined;
    return new Promise((resolve) => {
      this.#clock.setTimeout(() => {
        this.#since = this.#clock.monotonic();
        resolve();
      }, 0);
    });
  };
}
