import { MIN_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import type { Key, KeySelector } from '../../functions/basic.ts';
import type { OperatorStateStore } from '../../functions/checkpointed.ts';
import { InMemoryTimerService } from '../../state/index.ts';
import type { TimeDomain } from '../../state/index.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { batchGroupedOperator } from './batch-grouped.ts';
import { KeyedContext } from './keyed-context.ts';
import { OutputCollector } from './output-collector.ts';
import { closeFunction, openFunction, refusePromise } from './user-function.ts';

/** The context of a two-input function: keyed where its inputs are, with the operator's broadcast state. */
export interface CoContext extends KeyedContext {
  readonly broadcast: OperatorStateStore;
}

/** What a two-input operator calls for a record of one input. */
export type CoCall = (value: unknown, context: CoContext, out: OutputCollector) => unknown;
export type CoTimer = (timestamp: number, context: CoContext, out: OutputCollector) => unknown;

export interface CoOperatorOptions {
  readonly kind: string;
  /** The user's function object: opened and closed. */
  readonly fn: unknown;
  readonly calls: readonly [CoCall, CoCall];
  /** Keys of each input; undefined for an input without keys (an unkeyed or a broadcast one). */
  readonly keys: readonly [KeySelector<unknown> | undefined, KeySelector<unknown> | undefined];
  readonly onTimer?: CoTimer;
}

/** Two inputs, one function: keyed state and timers are shared by both inputs. */
class CoOperator implements StreamOperator {
  readonly #options: CoOperatorOptions;
  readonly #keyed: boolean;
  #context: OperatorContext | undefined;
  #timers: InMemoryTimerService | undefined;
  #watermark = MIN_WATERMARK;
  #fire: (timestamp: number, key: Key, domain: TimeDomain) => boolean = () => true;

  constructor(options: CoOperatorOptions) {
    this.#options = options;
    this.#keyed = options.keys.some((key) => key !== undefined);
  }

  get userFunction(): unknown {
    return this.#options.fn;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    const { trace, node, flow } = context;
    const { calls, keys, kind, onTimer } = this.#options;
    const backend = context.keyedState();
    const timers = new InMemoryTimerService({
      backend,
      currentWatermark: () => this.#watermark,
      currentProcessingTime: () => context.clock.now(),
    });
    this.#timers = timers;
    const collector = new OutputCollector(context);
    const coContext: CoContext = Object.assign(new KeyedContext(backend, timers, collector), {
      broadcast: context.operatorState(),
    });
    this.#fire = (timestamp, _key, domain) => {
      if (onTimer === undefined) return true;
      trace.node = node;
      collector.timestamp = domain === 'event-time' ? timestamp : NO_TIMESTAMP;
      coContext.timeDomain = domain;
      const result = onTimer(timestamp, coContext, collector);
      if (result !== undefined) refusePromise(result, 'onTimer');
      return !flow.blocked;
    };
    return calls.map((call, input): Emit => {
      const selectKey = keys[input];
      return (value, timestamp) => {
        trace.node = node;
        if (selectKey !== undefined) backend.setCurrentKey(selectKey(value));
        collector.timestamp = timestamp;
        const result = call(value, coContext, collector);
        if (result !== undefined) refusePromise(result, kind);
      };
    });
  }

  open(): void | Promise<void> {
    if (this.#context !== undefined)
      return openFunction(this.#options.fn, this.#context.runtimeContext(this.#keyed));
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
    return closeFunction(this.#options.fn);
  }
}

/** An operator with two inputs. */
export function coOperator(options: CoOperatorOptions): OperatorFactory {
  const factory = { kind: options.kind, inputs: 2, create: () => new CoOperator(options) };
  if (options.keys.every((key) => key === undefined)) return factory;
  return { ...factory, forBatch: () => batchGroupedOperator(factory, options.keys) };
}
