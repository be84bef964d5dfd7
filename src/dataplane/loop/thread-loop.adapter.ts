import { Doorbell } from '../exchange/doorbell.ts';
import type { LoopDriver } from './loop-driver.ts';

/** Longest delay of a Node timer. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * Drives a loop in a thread of its own: `setImmediate` between rounds, the doorbell while asleep. What wakes it from its own thread
 * does not go through the doorbell, which would cost two more turns of the event loop, and a promise each time.
 */
export class ThreadLoopDriver implements LoopDriver {
  readonly #doorbell: Doorbell;
  /** A pending `Atomics.waitAsync` does not keep a thread alive; this does, until `close`. */
  readonly #alive = setInterval(() => {}, FOREVER_MS);
  /** The round to call when woken; undefined while awake. */
  #asleep: (() => void) | undefined;
  /** Whether a wait on the doorbell is pending. It outlives the sleep it was begun for, and serves the next. */
  #waiting = false;
  #closed = false;

  /** @param memory of the slot's doorbell (`createDoorbell`), which other threads ring too */
  constructor(memory: SharedArrayBuffer) {
    this.#doorbell = new Doorbell(memory);
  }

  yield(round: () => void): void {
    setImmediate(this.#call, round);
  }

  arm(): void {
    this.#doorbell.arm();
  }

  disarm(): void {
    this.#doorbell.disarm();
  }

  sleep(round: () => void, maxMs: number): void {
    this.#asleep = round;
    if (this.#waiting) return;
    this.#waiting = true;
    void this.#doorbell.wait(maxMs).then(this.#rung);
  }

  wake(): void {
    // Between `arm` and `sleep` the bell is what keeps a call in mind.
    if (this.#asleep === undefined) return this.#doorbell.ring();
    this.#doorbell.disarm();
    this.#resume();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#alive);
    this.#doorbell.ring();
  }

  readonly #call = (round: () => void): void => {
    if (!this.#closed) round();
  };

  readonly #rung = (): void => {
    this.#waiting = false;
    this.#resume();
  };

  #resume(): void {
    const round = this.#asleep;
    this.#asleep = undefined;
    if (round !== undefined) this.yield(round);
  }
}
