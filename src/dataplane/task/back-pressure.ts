import { METER_WINDOW_SECONDS } from '../../base/limits.ts';
import { WindowMaximum } from '../../metrics/window-maximum.ts';
import type { TaskCounters } from './task.ts';

/**
 * - `hard`: a channel refused what a record made; the task stopped in the middle of its output;
 * - `soft`: the task stopped between two records, because a channel had become full or a sink waits.
 */
export type PressureKind = 'soft' | 'hard';

class Stretches {
  totalMs = 0;
  readonly #longest = new WindowMaximum(METER_WINDOW_SECONDS * 1_000);

  end(ms: number, now: number): void {
    this.totalMs += ms;
    this.#longest.update(ms, now);
  }

  longest(runningMs: number, now: number): number {
    return Math.max(runningMs, this.#longest.at(now));
  }
}

/** The time a task was blocked by what is behind it. All times are monotonic ms. */
export class BackPressure {
  readonly #counters: Pick<TaskCounters, 'backPressuredMs'>;
  readonly #of = { soft: new Stretches(), hard: new Stretches() };
  #now: { readonly kind: PressureKind; readonly since: number } | undefined;

  constructor(counters: Pick<TaskCounters, 'backPressuredMs'>) {
    this.#counters = counters;
  }

  get isBlocked(): boolean {
    return this.#now !== undefined;
  }

  /** The task is blocked, perhaps since earlier: then it stays what it was. */
  begin(kind: () => PressureKind, since: number): void {
    this.#now ??= { kind: kind(), since };
  }

  end(now: number): void {
    if (this.#now === undefined) return;
    const { kind, since } = this.#now;
    this.#now = undefined;
    this.#counters.backPressuredMs += now - since;
    this.#of[kind].end(now - since, now);
  }

  /** All time blocked so far, also that which goes on. */
  totalMs(kind: PressureKind, now: number): number {
    return this.#of[kind].totalMs + this.#runningMs(kind, now);
  }

  /** The longest time blocked without a break, of those that went on or ended within the last minute or two. */
  longestMs(kind: PressureKind, now: number): number {
    return this.#of[kind].longest(this.#runningMs(kind, now), now);
  }

  #runningMs(kind: PressureKind, now: number): number {
    return this.#now?.kind === kind ? now - this.#now.since : 0;
  }
}
