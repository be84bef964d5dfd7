import type { KeySelector } from '../../functions/basic.ts';
import type { OperatorStateStore } from '../../functions/checkpointed.ts';
import type { Emit, OperatorContext, OperatorFactory } from '../chain/operator.ts';
import { batchGroupedOperator } from './batch-grouped.ts';
import type { KeyedContext } from './keyed-context.ts';
import type { OutputCollector } from './output-collector.ts';
import { TimedOperator } from './timed-operator.ts';
import { refusePromise } from './user-function.ts';

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
class CoOperator extends TimedOperator {
  readonly #options: CoOperatorOptions;

  constructor(options: CoOperatorOptions) {
    super(
      options.fn,
      options.keys.some((key) => key !== undefined),
    );
    this.#options = options;
  }

  get keySelectors(): readonly (KeySelector<unknown> | undefined)[] {
    return this.#options.keys;
  }

  setup(context: OperatorContext): readonly Emit[] {
    const { trace, node } = context;
    const { calls, keys, kind, onTimer } = this.#options;
    const parts = this.begin(context);
    const { backend, collector } = parts;
    const coContext: CoContext = Object.assign(parts.keyed, { broadcast: context.operatorState() });
    if (onTimer !== undefined) this.onTimers(parts, (timestamp) => onTimer(timestamp, coContext, collector));
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
}

/** An operator with two inputs. */
export function coOperator(options: CoOperatorOptions): OperatorFactory {
  const factory = { kind: options.kind, inputs: 2, create: () => new CoOperator(options) };
  if (options.keys.every((key) => key === undefined)) return factory;
  return { ...factory, forBatch: () => batchGroupedOperator(factory, options.keys) };
}
