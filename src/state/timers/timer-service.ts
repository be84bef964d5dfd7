import { UserError } from '../../base/errors.ts';
import type { Key } from '../../functions/basic.ts';
import type { TimerService } from '../../functions/process.ts';
import { ValueStateDescriptor } from '../../functions/state.ts';
import type { ValueState } from '../../functions/state.ts';
import type { KeyedStateBackend } from '../keyed-state-backend.ts';
import { TimerQueue } from './timer-queue.ts';

export type TimeDomain = 'event-time' | 'processing-time';

/** Fires one timer with its key current; returns false to stop after this timer (an output is full). */
export type TimerHandler = (timestamp: number, key: Key, domain: TimeDomain) => boolean;

export interface TimerServiceOptions {
  readonly backend: KeyedStateBackend;
  readonly currentWatermark: () => number;
  readonly currentProcessingTime: () => number;
}

const STATE_NAMES = { 'event-time': 'timers of event-time', 'processing-time': 'timers of processing-time' };

/** Whether a keyed state of this name holds timers. */
export function isTimerState(name: string): boolean {
  return name === STATE_NAMES['event-time'] || name === STATE_NAMES['processing-time'];
}

/** A key's timers of one domain: most keys have one. */
type Timestamps = number | Set<number>;

/**
 * Timers of one domain: a queue by time, and the same timers as keyed state, so that snapshots hold them and they move with
 * their keys. The state is opened by the first timer, so that operators without timers carry none.
 */
class DomainTimers {
  readonly queue = new TimerQueue();
  readonly #backend: KeyedStateBackend;
  readonly #descriptor: ValueStateDescriptor<Timestamps>;
  #state: ValueState<Timestamps> | undefined;

  constructor(backend: KeyedStateBackend, domain: TimeDomain) {
    this.#backend = backend;
    this.#descriptor = new ValueStateDescriptor<Timestamps>(STATE_NAMES[domain]);
    for (const [key, timestamps] of backend.valuesOf(this.#descriptor)) {
      if (typeof timestamps === 'number') this.queue.register(key, timestamps);
      else for (const timestamp of timestamps) this.queue.register(key, timestamp);
    }
  }

  register(timestamp: number): void {
    if (!this.queue.register(this.#backend.getCurrentKey(), timestamp)) return;
    const state = this.#open();
    const before = state.value();
    if (before === undefined) state.update(timestamp);
    else state.update(typeof before === 'number' ? new Set([before, timestamp]) : before.add(timestamp));
  }

  delete(timestamp: number): void {
    if (this.queue.delete(this.#backend.getCurrentKey(), timestamp)) this.#forget(timestamp);
  }

  advance(until: number, fire: (timestamp: number, key: Key) => boolean): boolean {
    const { remote } = this.#backend;
    return this.queue.advance(
      until,
      (timestamp, key) => {
        this.#backend.setCurrentKey(key);
        this.#forget(timestamp);
        return fire(timestamp, key);
      },
      remote?.any === true ? (key) => remote.has(key) : undefined,
    );
  }

  #forget(timestamp: number): void {
    const state = this.#open();
    const before = state.value();
    if (before === undefined || typeof before === 'number') return state.clear();
    before.delete(timestamp);
    if (before.size === 0) state.clear();
    else state.update(before);
  }

  #open(): ValueState<Timestamps> {
    this.#state ??= this.#backend.getState(this.#descriptor);
    return this.#state;
  }
}

/** Timers of one keyed operator. */
export class InMemoryTimerService implements TimerService {
  readonly #options: TimerServiceOptions;
  readonly #eventTime: DomainTimers;
  readonly #processingTime: DomainTimers;

  constructor(options: TimerServiceOptions) {
    this.#options = options;
    this.#eventTime = new DomainTimers(options.backend, 'event-time');
    this.#processingTime = new DomainTimers(options.backend, 'processing-time');
  }

  currentProcessingTime(): number {
    return this.#options.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.#options.currentWatermark();
  }

  registerEventTimeTimer(timestamp: number): void {
    this.#eventTime.register(checked(timestamp));
  }

  registerProcessingTimeTimer(timestamp: number): void {
    this.#processingTime.register(checked(timestamp));
  }

  deleteEventTimeTimer(timestamp: number): void {
    this.#eventTime.delete(timestamp);
  }

  deleteProcessingTimeTimer(timestamp: number): void {
    this.#processingTime.delete(timestamp);
  }

  /** Fires event-time timers up to the watermark; false when the handler stopped it: call again. */
  advanceWatermark(watermark: number, handler: TimerHandler): boolean {
    return this.#eventTime.advance(watermark, (timestamp, key) => handler(timestamp, key, 'event-time'));
  }

  advanceProcessingTime(now: number, handler: TimerHandler): boolean {
    return this.#processingTime.advance(now, (timestamp, key) => handler(timestamp, key, 'processing-time'));
  }

  /** When the next processing-time timer is due, wall time in ms. */
  nextProcessingTimer(): number | undefined {
    return this.#processingTime.queue.next();
  }

  get size(): number {
    return this.#eventTime.queue.size + this.#processingTime.queue.size;
  }
}

function checked(timestamp: number): number {
  if (Number.isFinite(timestamp)) return timestamp;
  throw new UserError(`a timer needs a finite timestamp in ms, got ${timestamp}`);
}
