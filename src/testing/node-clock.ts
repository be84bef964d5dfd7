import type { Clock, TimerHandle } from '../ports/clock.ts';

interface NodeTimer {
  readonly callback: () => void;
  handle: TimerHandle | undefined;
}

/**
 * The clock of one simulated node: it can die (no timer of it fires again) and sleep (SIGSTOP: what falls due waits
 * and fires on waking), and its wall time can differ from the others'.
 */
export class NodeClock implements Clock {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #timers = new Set<NodeTimer>();
  #due: NodeTimer[] = [];
  #paused = false;
  #dead = false;
  #wallOffset = 0;

  constructor(clock: Clock, name: string) {
    this.#clock = clock;
    this.#name = name;
  }

  now(): number {
    return this.#clock.now() + this.#wallOffset;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  setTimeout(callback: () => void, delayMs: number, name = 'timer'): TimerHandle {
    const timer: NodeTimer = { callback, handle: undefined };
    if (this.#dead) return { timer };
    this.#timers.add(timer);
    timer.handle = this.#clock.setTimeout(() => this.#fire(timer), delayMs, `${this.#name}/${name}`);
    return { timer };
  }

  clearTimeout(handle: TimerHandle): void {
    this.#clear(handle.timer as NodeTimer);
  }

  /** Timers that wait, those that fell due in a pause included. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves this node's wall time. */
  jumpWallClock(byMs: number): void {
    this.#wallOffset += byMs;
  }

  /** Ends the node: no timer of it fires again, new ones are ignored. */
  kill(): void {
    this.#dead = true;
    for (const timer of [...this.#timers]) this.#clear(timer);
    this.#due = [];
  }

  pause(): void {
    this.#paused = true;
  }

  /** What fell due in the pause fires as soon as the simulation goes on. */
  resume(): void {
    this.#paused = false;
    const due = this.#due;
    this.#due = [];
    for (const timer of due) {
      if (!this.#timers.has(timer)) continue;
      timer.handle = this.#clock.setTimeout(() => this.#fire(timer), 0, `${this.#name}/overdue`);
    }
  }

  #fire(timer: NodeTimer): void {
    if (this.#paused) {
      this.#due.push(timer);
      return;
    }
    this.#timers.delete(timer);
    timer.callback();
  }

  #clear(timer: NodeTimer): void {
    if (timer.handle !== undefined) this.#clock.clearTimeout(timer.handle);
    this.#timers.delete(timer);
  }
}
