import type { Clock, TimerHandle } from '../../ports/clock.ts';
import type { LoopDriver } from './loop-driver.ts';

/** Drives a loop by events of a (simulated) clock: each round costs a fixed time, nothing runs in between. */
export class SimulatedLoopDriver implements LoopDriver {
  readonly #clock: Clock;
  readonly #roundCostMs: number;
  #pending:
    | { readonly handle: TimerHandle; readonly round: () => void; readonly asleep: boolean }
    | undefined;
  #rung = false;

  constructor(clock: Clock, roundCostMs = 1) {
    this.#clock = clock;
    this.#roundCostMs = roundCostMs;
  }

  yield(round: () => void): void {
    this.#schedule(round, this.#roundCostMs, false);
  }

  arm(): void {
    this.#rung = false;
  }

  disarm(): void {
    this.#rung = false;
  }

  sleep(round: () => void, maxMs: number): void {
    if (this.#rung) this.yield(round);
    else this.#schedule(round, maxMs, true);
  }

  wake(): void {
    this.#rung = true;
    if (this.#pending?.asleep !== true) return;
    const { round } = this.#pending;
    this.#cancel();
    this.yield(round);
  }

  close(): void {
    this.#cancel();
  }

  #schedule(round: () => void, delayMs: number, asleep: boolean): void {
    this.#cancel();
    const handle = this.#clock.setTimeout(() => {
      this.#pending = undefined;
      round();
    }, delayMs);
    this.#pending = { handle, round, asleep };
  }

  #cancel(): void {
    if (this.#pending !== undefined) this.#clock.clearTimeout(this.#pending.handle);
    this.#pending = undefined;
  }
}
