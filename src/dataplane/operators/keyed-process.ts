import type { Key, KeySelector } from '../../functions/basic.ts';
import type { KeyedProcessFunction, OnTimerContext } from '../../functions/process.ts';
import type { Emit, OperatorContext, OperatorFactory } from '../chain/operator.ts';
import { batchGroupedOperator } from './batch-grouped.ts';
import type { OutputCollector } from './output-collector.ts';
import { TimedOperator } from './timed-operator.ts';
import { callable, refusePromise } from './user-function.ts';

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

class KeyedProcessOperator extends TimedOperator {
  readonly #functions: Functions;

  constructor(functions: Functions) {
    super(functions.fn, true);
    this.#functions = functions;
  }

  get keySelectors(): readonly KeySelector<unknown>[] {
    return [this.#functions.selectKey];
  }

  setup(context: OperatorContext): readonly Emit[] {
    const { trace, node } = context;
    const { selectKey, process, onTimer } = this.#functions;
    const parts = this.begin(context);
    const { backend, collector, keyed } = parts;
    if (onTimer !== undefined) this.onTimers(parts, (timestamp) => onTimer(timestamp, keyed, collector));
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
  const create = (): KeyedProcessOperator => new KeyedProcessOperator(functions);
  const factory: OperatorFactory = { kind: 'keyedProcess', inputs: 1, emits: 'counted', create };
  return { ...factory, forBatch: () => batchGroupedOperator(factory, [functions.selectKey]) };
}
