/** The largest value of the last window: of at least one of its lengths, of two at most, in the memory of two numbers. */
export class WindowMaximum {
  readonly #windowMs: number;
  #begun: number | undefined;
  #current = 0;
  #last = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** @param now monotonic ms */
  update(value: number, now: number): void {
    this.#turn(now);
    if (value > this.#current) this.#current = value;
  }

  /** 0 where there was none. @param now monotonic ms */
  at(now: number): number {
    this.#turn(now);
    return Math.max(this.#current, this.#last);
  }

  #turn(now: number): void {
    this.#begun ??= now;
    const passed = now - this.#begun;
    if (passed < this.#windowMs) return;
    this.#last = passed < 2 * this.#windowMs ? this.#current : 0;
    this.#current = 0;
    this.#begun = now - (passed % this.#windowMs);
  }
}
