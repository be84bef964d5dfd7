import type { Clock, TimerHandle } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { EventHeap, type ScheduledEvent } from './event-heap.ts';
import type { SimulationTrace } from './simulation-trace.ts';

export interface SimulatedClockOptions {
  /** Wall time at the start in ms since the epoch. Default: 2026-01-01T00:00:00Z. */
  readonly startAt?: number;
  /** Orders events of the same time; without it they run in the order they were scheduled. */
  readonly random?: Random;
  /** Lets promise reactions run after each event. Default: one turn of the event loop. */
  readonly drain?: () => Promise<void>;
  /** Gets a line per event. */
  readonly trace?: SimulationTrace;
}

const START_AT = 1_767_225_600_000;

/**
 * Time that moves only from event to event: the earliest timer is taken, the clock jumps to it, it runs, promise
 * reactions are drained. With the same timers and the same `random`, always the same run.
 */
export class SimulatedClock implements Clock {
  readonly #startAt: number;
  readonly #random: Random | undefined;
  readonly #drain: () => Promise<void>;
  readonly #trace: SimulationTrace | undefined;
  readonly #events = new EventHeap();
  #time = 0;
  #wallOffset = 0;
  #sequence = 0;
  #steps = 0;

  constructor(options: SimulatedClockOptions = {}) {
    this.#startAt = options.startAt ?? START_AT;
    this.#random = options.random;
    this.#drain = options.drain ?? oneTurn;
    this.#trace = options.trace;
  }

  now(): number {
    return this.#startAt + this.#wallOffset + this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  setTimeout(callback: () => void, delayMs: number, name = 'timer'): TimerHandle {
    const delay = Number.isFinite(delayMs) && delayMs > 0 ? delayMs : 0;
    const event: ScheduledEvent = {
      time: this.#time + delay,
      tie: this.#random?.next() ?? 0,
      sequence: ++this.#sequence,
      name,
      callback,
      cancelled: false,
    };
    this.#events.push(event);
    return { timer: event };
  }

  clearTimeout(handle: TimerHandle): void {
    const event = handle.timer as ScheduledEvent;
    event.cancelled = true;
  }

  /** Moves wall time, as an operator or NTP does; timers and `monotonic` do not notice. */
  jumpWallClock(byMs: number): void {
    this.#wallOffset += byMs;
  }

  /** Events that wait. */
  get pending(): number {
    return this.#events.countLive();
  }

  /** Events run so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Time of the next event; undefined when none waits. */
  get nextEventAt(): number | undefined {
    return this.#events.peek()?.time;
  }

  /** Names and times of what waits, soonest first: for reports on leaked timers. */
  get timers(): readonly { readonly name: string; readonly at: number }[] {
    return this.#events.live().map((event) => ({ name: event.name, at: event.time }));
  }

  /** Runs the next event and what it set in motion; false when none waits. A throwing event throws here. */
  async step(): Promise<boolean> {
    await this.#drain();
    return this.#stepAndDrain();
  }

  /** As `step`, without draining promise reactions: for code under test that uses none. */
  stepSync(): boolean {
    const event = this.#events.pop();
    if (event === undefined) return false;
    this.#time = event.time;
    this.#steps++;
    this.#trace?.add(`${event.time.toFixed(3)} run ${event.name}`);
    event.callback();
    return true;
  }

  /**
   * Steps until `done` answers true; false when events run out or `maxSteps` were run first.
   * `maxSteps` defaults to a million.
   */
  async runUntil(done: () => boolean, maxSteps = 1_000_000): Promise<boolean> {
    await this.#drain();
    for (let step = 0; !done(); step++) {
      if (step >= maxSteps || !(await this.#stepAndDrain())) return done();
    }
    return true;
  }

  /** Runs every event up to this monotonic time and sets the clock to it. */
  async runUntilTime(time: number): Promise<void> {
    await this.#drain();
    while ((this.nextEventAt ?? Infinity) <= time) await this.#stepAndDrain();
    this.#time = Math.max(this.#time, time);
  }

  /** Runs the next `ms` of simulated time. */
  runFor(ms: number): Promise<void> {
    return this.runUntilTime(this.#time + ms);
  }

  async #stepAndDrain(): Promise<boolean> {
    if (!this.stepSync()) return false;
    await this.#drain();
    return true;
  }
}

// One macrotask lets all promise reactions run, chains of them included.
function oneTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
