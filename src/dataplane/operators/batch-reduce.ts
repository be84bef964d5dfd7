import { MAX_WATERMARK } from '../../base/time.ts';
import type { Key, KeySelector } from '../../functions/basic.ts';
import { compareKeys, keyIdentity } from '../../state/index.ts';
import type { KeyIdentity } from '../../state/index.ts';
import { copyRecord } from '../chain/copy-record.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { asyncRefused, closeFunction, openFunction } from './user-function.ts';

type Reduce = (accumulated: unknown, value: unknown) => unknown;

interface Reduced {
  readonly key: Key;
  value: unknown;
  /** The largest of the key's records. */
  timestamp: number;
}

/** A reduction per key in execution mode BATCH: one value per key, when all records have come, in the order of keys. */
class BatchReduceOperator implements StreamOperator {
  readonly #fn: unknown;
  readonly #selectKey: KeySelector<unknown>;
  readonly #reduce: Reduce;
  readonly #reduced = new Map<KeyIdentity, Reduced>();
  #context!: OperatorContext;
  #sorted: Reduced[] | undefined;

  constructor(fn: unknown, selectKey: KeySelector<unknown>, reduce: Reduce) {
    this.#fn = fn;
    this.#selectKey = selectKey;
    this.#reduce = reduce;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    const { trace, node, settings } = context;
    const selectKey = this.#selectKey;
    const reduce = this.#reduce;
    const all = this.#reduced;
    const backend = context.keyedState();
    return [
      (value, timestamp) => {
        trace.node = node;
        const key = selectKey(value);
        // A rich reduce function may use keyed state.
        backend.setCurrentKey(key);
        const identity = keyIdentity(key);
        const before = all.get(identity);
        if (before === undefined) {
          all.set(identity, { key, value: settings.objectReuse ? value : copyRecord(value), timestamp });
          return;
        }
        const reduced = reduce(before.value, value);
        if (reduced instanceof Promise) throw asyncRefused('reduce');
        before.value = reduced;
        if (timestamp > before.timestamp) before.timestamp = timestamp;
      },
    ];
  }

  open(): void | Promise<void> {
    return openFunction(this.#fn, this.#context.runtimeContext(true));
  }

  advanceWatermark(watermark: number): boolean {
    if (watermark !== MAX_WATERMARK) return true;
    const { trace, node, output, flow } = this.#context;
    this.#sorted ??= [...this.#reduced.values()].toSorted((a, b) => compareKeys(b.key, a.key));
    this.#reduced.clear();
    for (let next = this.#sorted.pop(); next !== undefined; next = this.#sorted.pop()) {
      trace.node = node;
      output(next.value, next.timestamp);
      if (flow.blocked) return false;
    }
    return true;
  }

  close(): void | Promise<void> {
    return closeFunction(this.#fn);
  }
}

export function batchReduceOperator(
  fn: unknown,
  selectKey: KeySelector<unknown>,
  reduce: Reduce,
): OperatorFactory {
  return { kind: 'reduce', inputs: 1, create: () => new BatchReduceOperator(fn, selectKey, reduce) };
}
