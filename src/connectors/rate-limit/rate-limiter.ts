import { GENERATOR_BURST_MS } from '../../base/limits.ts';

const MS_PER_SECOND = 1000;

/** Token bucket: permits arise evenly; after a stall at most GENERATOR_BURST_MS of them are made up for. */
export class RateLimiter {
  readonly #msPerPermit: number;
  /** When the next permit arises. */
  #nextAt: number;

  constructor(perSecond: number, now: number) {
    this.#msPerPermit = MS_PER_SECOND / perSecond;
    this.#nextAt = now;
  }

  /** Takes up to `wanted` permits; returns how many there were. */
  take(wanted: number, now: number): number {
    const oldest = now - Math.max(GENERATOR_BURST_MS, this.#msPerPermit);
    if (this.#nextAt < oldest) this.#nextAt = oldest;
    if (this.#nextAt > now) return 0;
    const taken = Math.min(wanted, Math.floor((now - this.#nextAt) / this.#msPerPermit) + 1);
    this.#nextAt += taken * this.#msPerPermit;
    return taken;
  }

  /** Returns permits that were not used; fewer than none are permits used beyond those taken. */
  giveBack(permits: number): void {
    this.#nextAt -= permits * this.#msPerPermit;
  }

  /** Time until there is a permit, in ms, at least 1. */
  msUntilNext(now: number): number {
    return Math.max(1, Math.ceil(this.#nextAt - now));
  }
}
