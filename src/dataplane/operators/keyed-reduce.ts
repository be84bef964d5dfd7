import type { Key, KeySelector, ReduceLike } from '../../functions/basic.ts';
import { ValueStateDescriptor } from '../../functions/state.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { copyRecord } from '../chain/copy-record.ts';
import { batchReduceOperator } from './batch-reduce.ts';
import { callable, closeFunction, openFunction, reducedValue } from './user-function.ts';

type Reduce = (accumulated: unknown, value: unknown) => unknown;

class KeyedReduceOperator implements StreamOperator {
  readonly #fn: unknown;
  readonly #selectKey: KeySelector<unknown>;
  readonly #reduce: Reduce;
  #context: OperatorContext | undefined;

  constructor(fn: unknown, selectKey: KeySelector<unknown>, reduce: Reduce) {
    this.#fn = fn;
    this.#selectKey = selectKey;
    this.#reduce = reduce;
  }

  get userFunction(): unknown {
    return this.#fn;
  }

  get keySelectors(): readonly KeySelector<unknown>[] {
    return [this.#selectKey];
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    const { output, trace, node, settings } = context;
    const selectKey = this.#selectKey;
    const reduce = this.#reduce;
    const backend = context.keyedState();
    const state = backend.getState(new ValueStateDescriptor<unknown>('reduced'));
    const share = settings.objectReuse;
    // Once a result was the accumulated object itself, the function may change objects that were already emitted.
    let copyOnEmit = false;
    return [
      (value, timestamp) => {
        trace.node = node;
        backend.setCurrentKey(selectKey(value));
        const accumulated = state.value();
        if (accumulated === undefined) {
          state.update(share ? value : copyRecord(value));
          output(value, timestamp);
          return;
        }
        const reduced = reducedValue(reduce(accumulated, value), 'reduce');
        state.update(reduced);
        if (reduced === accumulated && !share) copyOnEmit = true;
        output(copyOnEmit ? copyRecord(reduced) : reduced, timestamp);
      },
    ];
  }

  open(): void | Promise<void> {
    if (this.#context !== undefined) return openFunction(this.#fn, this.#context.runtimeContext(true));
  }

  close(): void | Promise<void> {
    return closeFunction(this.#fn);
  }
}

/** A running reduction per key: each record gives the value reduced so far. */
export function keyedReduceOperator<T, K extends Key>(
  keySelector: KeySelector<T, K>,
  fn: ReduceLike<T>,
): OperatorFactory {
  const reduce = callable<Reduce>(fn, 'reduce', 'reduce');
  const selectKey = keySelector as KeySelector<unknown>;
  return {
    kind: 'reduce',
    inputs: 1,
    emits: 'one-each',
    create: () => new KeyedReduceOperator(fn, selectKey, reduce),
    forBatch: () => batchReduceOperator(fn, selectKey, reduce),
  };
}
