import { StateVisibility, UpdateType } from '../../functions/state-ttl.ts';
import type { StateTtlConfig } from '../../functions/state-ttl.ts';

/** A value with the wall time of its last update, in ms. */
export interface Stamped<T> {
  value: T;
  at: number;
}

/** One state's rules of expiry, and the clean-up to run at each access. */
export class TtlClock {
  /** Whether reads renew. */
  readonly renewsOnRead: boolean;
  /** Whether a read gives what has expired and is still there. */
  readonly showsExpired: boolean;
  /** Called at the begin of each access of the state. */
  cleanUp: () => void = () => {};
  readonly #ttlMs: number;
  readonly #now: () => number;

  constructor(config: StateTtlConfig, now: () => number) {
    this.renewsOnRead = config.updateType === UpdateType.OnReadAndWrite;
    this.showsExpired = config.stateVisibility === StateVisibility.ReturnExpiredIfNotCleanedUp;
    this.#ttlMs = config.ttlMs;
    this.#now = now;
  }

  stamp<T>(value: T): Stamped<T> {
    return { value, at: this.#now() };
  }

  renew(stamped: Stamped<unknown>): void {
    stamped.at = this.#now();
  }

  isExpired(stamped: Stamped<unknown>): boolean {
    return stamped.at + this.#ttlMs <= this.#now();
  }

  /** Whether a value takes part in reads and folds. */
  isVisible(stamped: Stamped<unknown>): boolean {
    return this.showsExpired || !this.isExpired(stamped);
  }
}
