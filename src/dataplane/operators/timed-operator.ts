import { MIN_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import { InMemoryTimerService } from '../../state/index.ts';
import type { KeyedStateBackend, TimerHandler } from '../../state/index.ts';
import type { Emit, OperatorContext, StreamOperator } from '../chain/operator.ts';
import { KeyedContext } from './keyed-context.ts';
import { OutputCollector } from './output-collector.ts';
import { closeFunction, openFunction, refusePromise } from './user-function.ts';

/** What records and timers of one operator work with. */
export interface TimedParts {
  readonly backend: KeyedStateBackend;
  readonly collector: OutputCollector;
  readonly keyed: KeyedContext;
}

/** An operator around a user's function with keyed state and timers; what a record does is the subclass's affair. */
export abstract class TimedOperator implements StreamOperator {
  readonly userFunction: unknown;
  readonly #keyed: boolean;
  #context: OperatorContext | undefined;
  #timers: InMemoryTimerService | undefined;
  #watermark = MIN_WATERMARK;
  #fire: TimerHandler = () => true;

  /** @param keyed whether the function may use keyed state when it is opened */
  constructor(fn: unknown, keyed: boolean) {
    this.userFunction = fn;
    this.#keyed = keyed;
  }

  abstract setup(context: OperatorContext): readonly Emit[];

  /** To be called by `setup`. */
  protected begin(context: OperatorContext): TimedParts {
    this.#context = context;
    const backend = context.keyedState();
    const timers = new InMemoryTimerService({
      backend,
      currentWatermark: () => this.#watermark,
      currentProcessingTime: () => context.clock.now(),
    });
    this.#timers = timers;
    const collector = new OutputCollector(context);
    return { backend, collector, keyed: new KeyedContext(backend, timers, collector) };
  }

  /** To be called by `setup` where the function has a method for timers. */
  protected onTimers({ collector, keyed }: TimedParts, onTimer: (timestamp: number) => unknown): void {
    const { trace, node, flow } = this.#context as OperatorContext;
    this.#fire = (timestamp, _key, domain) => {
      trace.node = node;
      collector.timestamp = domain === 'event-time' ? timestamp : NO_TIMESTAMP;
      keyed.timeDomain = domain;
      const result = onTimer(timestamp);
      if (result !== undefined) refusePromise(result, 'onTimer');
      return !flow.blocked;
    };
  }

  open(): void | Promise<void> {
    if (this.#context !== undefined)
      return openFunction(this.userFunction, this.#context.runtimeContext(this.#keyed));
  }

  advanceWatermark(watermark: number): boolean {
    this.#watermark = watermark;
    return this.#timers?.advanceWatermark(watermark, this.#fire) ?? true;
  }

  advanceProcessingTime(now: number): boolean {
    return this.#timers?.advanceProcessingTime(now, this.#fire) ?? true;
  }

  nextProcessingTimer(): number | undefined {
    return this.#timers?.nextProcessingTimer();
  }

  close(): void | Promise<void> {
    return closeFunction(this.userFunction);
  }
}
