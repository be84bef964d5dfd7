import { SPILL_MERGE_RECORDS } from '../../base/limits.ts';
import { compareKeys } from '../../state/index.ts';
import type { KeyIdentity } from '../../state/index.ts';
import type { KeyedRecords, RecordOrder } from './key-group-table.ts';
import type { RunCursor } from './run-cursor.ts';

/** A run in the merge; runs come in the order in which their records arrived. */
interface Lane {
  readonly cursor: RunCursor;
  readonly index: number;
  /** Records of the head that were taken. */
  at: number;
}

/**
 * Merges sorted runs into one sequence, key by key; the records of a key come in pieces, so that memory is bounded however many
 * a key has. Records that compare equal come in the order of their runs.
 */
export class RunMerger {
  readonly #order: RecordOrder;
  /** Lanes that wait for their key's turn: a heap by the key of their head, then by index. */
  readonly #waiting: Lane[] = [];
  /** Lanes whose head is of the key in hand, by index. */
  readonly #active: Lane[] = [];
  #identity: KeyIdentity | undefined;
  #loading: Promise<void> | undefined;

  /** @param cursors with their first records in front */
  constructor(cursors: readonly RunCursor[], order: RecordOrder) {
    this.#order = order;
    for (const [index, cursor] of cursors.entries()) this.#push({ cursor, index, at: 0 });
  }

  /** Records of the smallest key that is left, in order; undefined at the end. A promise: call again when it has resolved. */
  next(): KeyedRecords | Promise<void> | undefined {
    if (this.#loading !== undefined) return this.#loading;
    if (this.#active.length === 0 && !this.#begin()) return undefined;
    const [first, second] = this.#active as [Lane, ...Lane[]];
    return this.#order === 'arrival' || second === undefined ? this.#rest(first) : this.#interleave();
  }

  /** Takes the lanes of the next key. */
  #begin(): boolean {
    const first = this.#pop();
    if (first === undefined) return false;
    this.#identity = first.cursor.head?.identity;
    this.#active.push(first);
    while (this.#waiting[0]?.cursor.head?.identity === this.#identity) this.#active.push(this.#pop() as Lane);
    return true;
  }

  /** What is left of a lane's head. */
  #rest(lane: Lane): KeyedRecords {
    const head = lane.cursor.head as KeyedRecords;
    const { at } = lane;
    this.#advance(lane);
    if (at === 0) return head;
    const { key, identity, values, timestamps, inputs } = head;
    return {
      key,
      identity,
      values: values.slice(at),
      timestamps: timestamps.slice(at),
      inputs: inputs.slice(at),
    };
  }

  /** Records of all active lanes by time, then by input. */
  #interleave(): KeyedRecords {
    const { key, identity } = (this.#active[0] as Lane).cursor.head as KeyedRecords;
    const merged = {
      key,
      identity,
      values: [] as unknown[],
      timestamps: [] as number[],
      inputs: [] as number[],
    };
    while (merged.values.length < SPILL_MERGE_RECORDS && this.#active.length > 1) {
      const lane = this.#earliest();
      const head = lane.cursor.head as KeyedRecords;
      merged.values.push(head.values[lane.at]);
      merged.timestamps.push(head.timestamps[lane.at] as number);
      merged.inputs.push(head.inputs[lane.at] as number);
      lane.at += 1;
      if (lane.at === head.values.length) this.#advance(lane);
      if (this.#loading !== undefined) break;
    }
    return merged;
  }

  #earliest(): Lane {
    let best = this.#active[0] as Lane;
    for (let index = 1; index < this.#active.length; index += 1) {
      const lane = this.#active[index] as Lane;
      if (isEarlier(lane, best)) best = lane;
    }
    return best;
  }

  #advance(lane: Lane): void {
    lane.at = 0;
    const loading = lane.cursor.advance();
    if (loading === undefined) return this.#settle(lane);
    this.#loading = loading.then(() => {
      this.#loading = undefined;
      this.#settle(lane);
    });
    // Whoever waits for it next hears of its failure.
    this.#loading.catch(() => {});
  }

  #settle(lane: Lane): void {
    if (lane.cursor.head !== undefined && lane.cursor.head.identity === this.#identity) return;
    this.#active.splice(this.#active.indexOf(lane), 1);
    this.#push(lane);
  }

  #push(lane: Lane): void {
    if (lane.cursor.head === undefined) return;
    const heap = this.#waiting;
    heap.push(lane);
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!comesBefore(heap[at] as Lane, heap[parent] as Lane)) return;
      [heap[at], heap[parent]] = [heap[parent] as Lane, heap[at] as Lane];
      at = parent;
    }
  }

  #pop(): Lane | undefined {
    const heap = this.#waiting;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && comesBefore(heap[child] as Lane, heap[least] as Lane)) least = child;
      if (least === at) return first;
      [heap[at], heap[least]] = [heap[least] as Lane, heap[at] as Lane];
      at = least;
    }
  }
}

function comesBefore(a: Lane, b: Lane): boolean {
  const order = compareKeys((a.cursor.head as KeyedRecords).key, (b.cursor.head as KeyedRecords).key);
  return order < 0 || (order === 0 && a.index < b.index);
}

function isEarlier(a: Lane, b: Lane): boolean {
  const [x, y] = [a.cursor.head as KeyedRecords, b.cursor.head as KeyedRecords];
  const order =
    (x.timestamps[a.at] as number) - (y.timestamps[b.at] as number) ||
    (x.inputs[a.at] as number) - (y.inputs[b.at] as number);
  return order < 0 || (order === 0 && a.index < b.index);
}
