import { SPILL_RECORD_OVERHEAD_BYTES } from '../../base/limits.ts';
import type { Key } from '../../functions/basic.ts';
import { compareKeys } from '../../state/index.ts';
import type { KeyIdentity } from '../../state/index.ts';
import { SizeEstimate } from './size-estimate.ts';

/** Records of one key, in one order. */
export interface KeyedRecords {
  readonly key: Key;
  readonly identity: KeyIdentity;
  readonly values: readonly unknown[];
  readonly timestamps: readonly number[];
  /** Which input of the operator each came from. */
  readonly inputs: readonly number[];
}

interface Group extends KeyedRecords {
  readonly values: unknown[];
  readonly timestamps: number[];
  readonly inputs: number[];
  /** Whether the records stand in the order in which they are handed out. */
  sorted: boolean;
}

/** How the records of one key are ordered: by event time, then input, then arrival; or by arrival alone. */
export type RecordOrder = 'time' | 'arrival';

/** Records in memory by their key, with an estimate of what they occupy. */
export class KeyGroupTable {
  readonly #order: RecordOrder;
  readonly #groups = new Map<KeyIdentity, Group>();
  readonly #size = new SizeEstimate();

  constructor(order: RecordOrder) {
    this.#order = order;
  }

  get estimatedBytes(): number {
    return this.#size.bytes + this.#groups.size * SPILL_RECORD_OVERHEAD_BYTES;
  }

  add(key: Key, identity: KeyIdentity, value: unknown, timestamp: number, input: number): void {
    this.#size.add(value);
    const group = this.#groups.get(identity);
    if (group === undefined) {
      const fresh = {
        key,
        identity,
        values: [value],
        timestamps: [timestamp],
        inputs: [input],
        sorted: true,
      };
      this.#groups.set(identity, fresh);
      return;
    }
    if (this.#order === 'time' && group.sorted) {
      const last = group.values.length - 1;
      const before = group.timestamps[last] as number;
      if (timestamp < before || (timestamp === before && input < (group.inputs[last] as number)))
        group.sorted = false;
    }
    group.values.push(value);
    group.timestamps.push(timestamp);
    group.inputs.push(input);
  }

  /** Takes all records out, keys ascending; each group is let go when the next one is asked for. */
  *take(): Generator<KeyedRecords, void, undefined> {
    // From the largest key down, to take from the end.
    const groups = [...this.#groups.values()].toSorted((a, b) => compareKeys(b.key, a.key));
    this.#groups.clear();
    for (let group = groups.pop(); group !== undefined; group = groups.pop())
      yield group.sorted ? group : inOrder(group);
  }
}

function inOrder(group: Group): KeyedRecords {
  const { key, identity, values, timestamps, inputs } = group;
  const order = Array.from(values.keys()).toSorted(
    (a, b) =>
      (timestamps[a] as number) - (timestamps[b] as number) ||
      (inputs[a] as number) - (inputs[b] as number) ||
      a - b,
  );
  return {
    key,
    identity,
    values: order.map((at) => values[at]),
    timestamps: order.map((at) => timestamps[at] as number),
    inputs: order.map((at) => inputs[at] as number),
  };
}
