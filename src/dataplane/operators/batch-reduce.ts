import { SPILL_RECORD_OVERHEAD_BYTES } from '../../base/limits.ts';
import { MAX_WATERMARK } from '../../base/time.ts';
import type { Key, KeySelector } from '../../functions/basic.ts';
import { compareKeys, keyIdentity } from '../../state/index.ts';
import type { KeyedStateBackend, KeyIdentity } from '../../state/index.ts';
import { copyRecord } from '../chain/copy-record.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { keyOfInputs, SizeEstimate, SortedInput } from '../spill/index.ts';
import type { KeyedRecords } from '../spill/index.ts';
import { closeFunction, openFunction, reducedValue } from './user-function.ts';

type Reduce = (accumulated: unknown, value: unknown) => unknown;

interface Reduced {
  readonly key: Key;
  readonly identity: KeyIdentity;
  value: unknown;
  /** The largest of the key's records. */
  timestamp: number;
}

/**
 * A reduction per key in execution mode BATCH: one value per key, when all records have come, in the order of keys. Records are
 * reduced as they come while the values of all keys fit into memory. From then on they are sorted by key, in memory and temporary
 * files, with the values so far as each key's first one: what is reduced, and in which order, is the same.
 */
class BatchReduceOperator implements StreamOperator {
  readonly #fn: unknown;
  readonly #selectKey: KeySelector<unknown>;
  readonly #reduce: Reduce;
  readonly #reduced = new Map<KeyIdentity, Reduced>();
  readonly #size = new SizeEstimate();
  #context!: OperatorContext;
  #state!: KeyedStateBackend;
  #sorted: Reduced[] | undefined;
  /** Where the records go once the values do not fit. */
  #spilled: SortedInput | undefined;
  #inHand: Reduced | undefined;

  constructor(fn: unknown, selectKey: KeySelector<unknown>, reduce: Reduce) {
    this.#fn = fn;
    this.#selectKey = selectKey;
    this.#reduce = reduce;
  }

  get userFunction(): unknown {
    return this.#fn;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    const { trace, node, settings } = context;
    const selectKey = this.#selectKey;
    const all = this.#reduced;
    this.#state = context.keyedState();
    return [
      (value, timestamp) => {
        trace.node = node;
        const key = selectKey(value);
        const identity = keyIdentity(key);
        if (this.#spilled !== undefined) return this.#spilled.add(key, identity, value, timestamp, 0);
        const before = all.get(identity);
        if (before !== undefined) return this.#add(before, value, timestamp);
        const kept = settings.objectReuse ? value : copyRecord(value);
        all.set(identity, { key, identity, value: kept, timestamp });
        this.#size.add(kept);
        const bytes = this.#size.bytes + all.size * SPILL_RECORD_OVERHEAD_BYTES;
        if (bytes > settings.sortedInputsBytes) this.#spilled = this.#spill();
      },
    ];
  }

  #add(reduced: Reduced, value: unknown, timestamp: number): void {
    // A rich reduce function may use keyed state.
    this.#state.setCurrentKey(reduced.key);
    reduced.value = reducedValue(this.#reduce(reduced.value, value), 'reduce');
    if (timestamp > reduced.timestamp) reduced.timestamp = timestamp;
  }

  #spill(): SortedInput {
    const { flow, node, settings, spillFiles } = this.#context;
    const spilled = new SortedInput({
      budgetBytes: settings.sortedInputsBytes,
      files: spillFiles,
      keyOf: keyOfInputs([this.#selectKey]),
      order: 'arrival',
      waitFor: (promise) => flow.waitFor(promise, node),
    });
    for (const { key, identity, value, timestamp } of this.#reduced.values())
      spilled.add(key, identity, value, timestamp, 0);
    this.#reduced.clear();
    return spilled;
  }

  open(): void | Promise<void> {
    return openFunction(this.#fn, this.#context.runtimeContext(true));
  }

  advanceWatermark(watermark: number): boolean {
    if (watermark !== MAX_WATERMARK) return true;
    return this.#spilled === undefined ? this.#emitReduced() : this.#reduceSpilled(this.#spilled);
  }

  #emitReduced(): boolean {
    // From the largest key down, to take from the end.
    this.#sorted ??= [...this.#reduced.values()].toSorted((a, b) => compareKeys(b.key, a.key));
    this.#reduced.clear();
    for (let next = this.#sorted.pop(); next !== undefined; next = this.#sorted.pop())
      if (!this.#emit(next)) return false;
    return true;
  }

  #reduceSpilled(spilled: SortedInput): boolean {
    for (let records = spilled.next(); records !== undefined; records = spilled.next()) {
      if (records === 'waiting') return false;
      const before = this.#inHand;
      const begins = before?.identity !== records.identity;
      this.#inHand = begins ? undefined : before;
      this.#reduceRecords(records);
      if (begins && before !== undefined && !this.#emit(before)) return false;
    }
    const last = this.#inHand;
    this.#inHand = undefined;
    return last === undefined || this.#emit(last);
  }

  #reduceRecords({ key, identity, values, timestamps }: KeyedRecords): void {
    const { trace, node } = this.#context;
    trace.node = node;
    trace.values = values;
    for (let index = 0; index < values.length; index += 1) {
      trace.index = index;
      const timestamp = timestamps[index] as number;
      if (this.#inHand !== undefined) this.#add(this.#inHand, values[index], timestamp);
      else this.#inHand = { key, identity, value: copyRecord(values[index]), timestamp };
    }
    trace.values = undefined;
  }

  #emit({ key, value, timestamp }: Reduced): boolean {
    const { trace, node, output, flow } = this.#context;
    this.#state.setCurrentKey(key);
    this.#state.clearKey();
    trace.node = node;
    output(value, timestamp);
    return !flow.blocked;
  }

  async close(): Promise<void> {
    await this.#spilled?.close();
    await closeFunction(this.#fn);
  }
}

export function batchReduceOperator(
  fn: unknown,
  selectKey: KeySelector<unknown>,
  reduce: Reduce,
): OperatorFactory {
  return { kind: 'reduce', inputs: 1, create: () => new BatchReduceOperator(fn, selectKey, reduce) };
}
