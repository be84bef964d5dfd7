import { Doorbell } from '../exchange/doorbell.ts';
import type { LoopDriver } from './loop-driver.ts';

/** Longest delay of a Node timer. */
const FOREVER_MS = 2 ** 31 - 1;

/** Drives a loop in a thread of its own: `setImmediate` between rounds, the doorbell while asleep. */
export class ThreadLoopDriver implements LoopDriver {
  readonly #doorbell: Doorbell;
  /** A pending `Atomics.waitAsync` does not keep a thread alive; this does, until `close`. */
  readonly #alive = setInterval(() => {}, FOREVER_MS);
  #closed = false;

  /** @param memory of the slot's doorbell (`createDoorbell`), which other threads ring too */
  constructor(memory: SharedArrayBuffer) {
    this.#doorbell = new Doorbell(memory);
  }

  yield(round: () => void): void {
    setImmediate(() => {
      if (!this.#closed) round();
    });
  }

  arm(): void {
    this.#doorbell.arm();
  }

  disarm(): void {
    this.#doorbell.disarm();
  }

  sleep(round: () => void, maxMs: number): void {
    void this.#doorbell.wait(maxMs).then(() => {
      if (!this.#closed) this.yield(round);
    });
  }

  wake(): void {
    this.#doorbell.ring();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#alive);
    this.#doorbell.ring();
  }
}
