import { UserError } from '../../base/errors.ts';
import type { Key } from '../../functions/basic.ts';
import type { TimerService } from '../../functions/process.ts';
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

/** Timers of one keyed operator, in memory. */
export class InMemoryTimerService implements TimerService {
  readonly #options: TimerServiceOptions;
  readonly #eventTime = new TimerQueue();
  readonly #processingTime = new TimerQueue();

  constructor(options: TimerServiceOptions) {
    this.#options = options;
  }

  currentProcessingTime(): number {
    return this.#options.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.#options.currentWatermark();
  }

  registerEventTimeTimer(timestamp: number): void {
    this.#eventTime.register(this.#options.backend.getCurrentKey(), checked(timestamp));
  }

  registerProcessingTimeTimer(timestamp: number): void {
    this.#processingTime.register(this.#options.backend.getCurrentKey(), checked(timestamp));
  }

  deleteEventTimeTimer(timestamp: number): void {
    this.#eventTime.delete(this.#options.backend.getCurrentKey(), timestamp);
  }

  deleteProcessingTimeTimer(timestamp: number): void {
    this.#processingTime.delete(this.#options.backend.getCurrentKey(), timestamp);
  }

  /** Fires event-time timers up to the watermark; false when the handler stopped it: call again. */
  advanceWatermark(watermark: number, handler: TimerHandler): boolean {
    return this.#advance(this.#eventTime, 'event-time', watermark, handler);
  }

  advanceProcessingTime(now: number, handler: TimerHandler): boolean {
    return this.#advance(this.#processingTime, 'processing-time', now, handler);
  }

  /** When the next processing-time timer is due, wall time in ms. */
  nextProcessingTimer(): number | undefined {
    return this.#processingTime.next();
  }

  get size(): number {
    return this.#eventTime.size + this.#processingTime.size;
  }

  #advance(queue: TimerQueue, domain: TimeDomain, until: number, handler: TimerHandler): boolean {
    return queue.advance(until, (timestamp, key) => {
      this.#options.backend.setCurrentKey(key);
      return handler(timestamp, key, domain);
    });
  }
}

function checked(timestamp: number): number {
  if (Number.isFinite(timestamp)) return timestamp;
  throw new UserError(`a timer needs a finite timestamp in ms, got ${timestamp}`);
}
