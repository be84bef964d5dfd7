import { METRIC_VIEW_INTERVAL_MS } from '../base/limits.ts';

/**
 * How fast a count grows, over the last seconds: of the counts that it was shown, the newest against the oldest that is within
 * the window. Memory is bounded by the window. A window that has just begun counts the time that has passed, not the whole of it.
 */
export class RateWindow {
  readonly #counts: Float64Array;
  readonly #times: Float64Array;
  #next = 0;
  #filled = 0;
  #rate = 0;

  constructor(windowSeconds: number) {
    const samples = Math.max(1, Math.ceil((windowSeconds * 1_000) / METRIC_VIEW_INTERVAL_MS)) + 1;
    this.#counts = new Float64Array(samples);
    this.#times = new Float64Array(samples);
  }

  /** Growth per second. */
  get rate(): number {
    return this.#rate;
  }

  /** @param now monotonic ms. Times closer to the last one than the interval of views change nothing but the rate. */
  update(count: number, now: number): void {
    const newest = (this.#next + this.#counts.length - 1) % this.#counts.length;
    if (this.#filled > 0 && now - (this.#times[newest] as number) < METRIC_VIEW_INTERVAL_MS) {
      this.#rateSince(count, now);
      return;
    }
    this.#counts[this.#next] = count;
    this.#times[this.#next] = now;
    this.#next = (this.#next + 1) % this.#counts.length;
    this.#filled = Math.min(this.#filled + 1, this.#counts.length);
    this.#rateSince(count, now);
  }

  #rateSince(count: number, now: number): void {
    const oldest = this.#filled < this.#counts.length ? 0 : this.#next;
    const elapsed = now - (this.#times[oldest] as number);
    if (elapsed > 0) this.#rate = ((count - (this.#counts[oldest] as number)) * 1_000) / elapsed;
  }
}
