import { MIN_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import type { Key, KeySelector } from '../../functions/basic.ts';
import type { KeyedProcessFunction, OnTimerContext } from '../../functions/process.ts';
import { InMemoryTimerService } from '../../state/index.ts';
import type { TimeDomain } from '../../state/index.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { batchGroupedOperator } from './batch-grouped.ts';
import { KeyedContext } from './keyed-context.ts';
import { OutputCollector } from './output-collector.ts';
import { callable, closeFunction, openFunction, refusePromise } from './user-function.ts';

type Process = (value: unknown, context: OnTimerContext<Key>, out: OutputCollector) => unknown;
type OnTimer = (timestamp: number, context: OnTimerContext<Key>, out: OutputCollector) => unknown;

/** What `keyedProcessOperator` accepts: a KeyedProcessFunction, or its `processElement` alone. */
export type KeyedProcessLike<K extends Key, I, O> =
  | KeyedProcessFunction<K, I, O>
  | KeyedProcessFunction<K, I, O>['processElement'];

interface Functions {
  readonly fn: unknown;
  readonly selectKey: KeySelector<unknown>;
  readonly process: Process;
  readonly onTimer: OnTimer | undefined;
}

class KeyedProcessOperator implements StreamOperator {
  readonly #functions: Functions;
  #context: OperatorContext | undefined;
  #timers: InMemoryTimerService | undefined;
  #fire: (timestamp: number, key: Key, domain: TimeDomain) => boolean = () => true;
  #watermark = MIN_WATERMARK;

  constructor(functions: Functions) {
    this.#functions = functions;
  }

  get userFunction(): unknown {
    return this.#functions.fn;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    const { trace, node, flow } = context;
    const { selectKey, process, onTimer } = this.#functions;
    const backend = context.keyedState();
    const timers = new InMemoryTimerService({
      backend,
      currentWatermark: () => this.#watermark,
      currentProcessingTime: () => context.clock.now(),
    });
    this.#timers = timers;
    const collector = new OutputCollector(context);
    const keyed = new KeyedContext(backend, timers, collector);
    this.#fire = (timestamp, _key, domain) => {
      if (onTimer === undefined) return true;
      trace.node = node;
      collector.timestamp = domain === 'event-time' ? timestamp : NO_TIMESTAMP;
      keyed.timeDomain = domain;
      const result = onTimer(timestamp, keyed, collector);
      if (result !== undefined) refusePromise(result, 'onTimer');
      return !flow.blocked;
    };
    return [
      (value, timestamp) => {
        trace.node = node;
        backend.setCurrentKey(selectKey(value));
        collector.timestamp = timestamp;
        const result = process(value, keyed, collector);
        if (result !== undefined) refusePromise(result, 'process');
      },
    ];
  }

  open(): void | Promise<void> {
    if (this.#context !== undefined)
      return openFunction(this.#functions.fn, this.#context.runtimeContext(true));
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
    return closeFunction(this.#functions.fn);
  }
}

/** A function with keyed state, timers and side outputs. */
export function keyedProcessOperator<K extends Key, I, O>(
  keySelector: KeySelector<I, K>,
  fn: KeyedProcessLike<K, I, O>,
): OperatorFactory {
  const hasTimer = typeof fn === 'object' && typeof (fn as { onTimer?: unknown }).onTimer === 'function';
  const functions: Functions = {
    fn,
    selectKey: keySelector as KeySelector<unknown>,
    process: callable<Process>(fn, 'processElement', 'process'),
    onTimer: hasTimer ? callable<OnTimer>(fn, 'onTimer', 'onTimer') : undefined,
  };
  const factory = { kind: 'keyedProcess', inputs: 1, create: () => new KeyedProcessOperator(functions) };
  return { ...factory, forBatch: () => batchGroupedOperator(factory, [functions.selectKey]) };
}
