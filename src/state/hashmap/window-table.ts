import { hashKey, keyFromIdentity } from '../key-encoding.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { Pane, PaneCell, PaneCodec, WindowTable } from '../keyed-state-backend.ts';
import { PaneRow } from '../pane-row.ts';
import { ChangedRows } from './changed-rows.ts';
import type { RowVersions } from './row.ts';

/** A table's panes, one map per window. */
export class HashMapWindowTable<V> implements WindowTable<V> {
  readonly changed = new ChangedRows<PaneRow<V>>((cell) => cell.removedAt >= 0);
  readonly #versions: RowVersions;
  readonly #panes = new Map<number, Map<KeyIdentity, PaneRow<V>>>();
  /** Windows that the last snapshot holds and that were dropped since. */
  #dropped: number[] = [];
  #codec: PaneCodec<V>;

  constructor(versions: RowVersions, codec: PaneCodec<V>) {
    this.#versions = versions;
    this.#codec = codec;
  }

  get codec(): PaneCodec<V> {
    return this.#codec;
  }

  pane(window: number): Pane<V> {
    let pane = this.#panes.get(window);
    if (pane === undefined) {
      pane = new Map();
      this.#panes.set(window, pane);
    }
    return pane;
  }

  find(window: number): Pane<V> | undefined {
    return this.#panes.get(window);
  }

  insert(pane: Pane<V>, window: number, identity: KeyIdentity, value: V): PaneRow<V> {
    const row = new PaneRow<V>(identity, value);
    this.insertRow(pane, window, row);
    return row;
  }

  insertRow(pane: Pane<V>, window: number, row: PaneRow<V>): void {
    this.#place(pane as Map<KeyIdentity, PaneRow<V>>, window, row);
    if (this.#versions.tracking) this.changed.add(row);
  }

  #place(pane: Map<KeyIdentity, PaneRow<V>>, window: number, row: PaneRow<V>): void {
    row.table = this;
    row.window = window;
    row.version = this.#versions.current;
    pane.set(row.identity, row);
  }

  touch(cell: PaneCell<V>): void {
    const row = cell as PaneRow<V>;
    const versions = this.#versions;
    if (row.version === versions.current) return;
    versions.save?.(row);
    const noted = versions.isNoted(row.version);
    row.version = versions.current;
    if (versions.tracking && !noted) this.changed.add(row);
  }

  remove(cell: PaneCell<V>): void {
    this.touch(cell);
    const row = cell as PaneRow<V>;
    row.removedAt = this.#versions.current;
    this.#panes.get(row.window)?.delete(row.identity);
  }

  drop(window: number): void {
    const pane = this.#panes.get(window);
    if (pane === undefined) return;
    this.#panes.delete(window);
    if (!this.#versions.tracking) return;
    // Rows changed in this interval must not come back with the next snapshot.
    for (const cell of pane.values()) cell.removedAt = this.#versions.current;
    this.#dropped.push(window);
  }

  windows(): Iterable<number> {
    return this.#panes.keys();
  }

  get size(): number {
    return this.#panes.size;
  }

  takeDropped(): readonly number[] {
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  /** Panes with their windows, as they are now; each map lives on when its pane is dropped. */
  panes(): readonly (readonly [number, ReadonlyMap<KeyIdentity, PaneRow<V>>])[] {
    return [...this.#panes];
  }

  /** A value from a snapshot, in its plain form; `undefined` removes. */
  restore(window: number, identity: KeyIdentity, plain: unknown): void {
    const pane = this.pane(window) as Map<KeyIdentity, PaneRow<V>>;
    if (plain === undefined) pane.delete(identity);
    else {
      const value = this.#codec.fromPlain(plain, identity);
      this.#place(pane, window, new PaneRow<V>(identity, value));
    }
    if (pane.size === 0) this.#panes.delete(window);
  }

  /** A window that a subtask of these key groups dropped. */
  restoreDropped(window: number, { start, end }: KeyGroupRange, maxParallelism: number): void {
    const pane = this.#panes.get(window);
    for (const identity of pane?.keys() ?? []) {
      const group = keyGroupOfIdentity(identity, maxParallelism);
      if (group >= start && group <= end) pane?.delete(identity);
    }
    if (pane?.size === 0) this.#panes.delete(window);
  }

  /** All rows are in files that the next delta builds on: one that goes has to be removed by it. */
  restoredFromChain(snapshot: number): void {
    for (const pane of this.#panes.values()) for (const cell of pane.values()) cell.saved = snapshot;
  }

  /** The operator opens a table that a snapshot brought: what came in plain form becomes what the operator works with. */
  adopt(codec: PaneCodec<V>): void {
    this.#codec = codec;
    for (const pane of this.#panes.values())
      for (const cell of pane.values()) cell.value = codec.fromPlain(cell.value, cell.identity);
  }
}

/** The key group of a row of a window table, which is ordered by window instead. */
export function keyGroupOfIdentity(identity: KeyIdentity, maxParallelism: number): number {
  return (hashKey(keyFromIdentity(identity)) >>> 0) % (maxParallelism >>> 0);
}
