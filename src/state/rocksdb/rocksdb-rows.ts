import { InternalError } from '../../base/errors.ts';
import type { Key } from '../../functions/basic.ts';
import type { LocalBatch, LocalStore } from '../../ports/local-store.ts';
import type { KeyRows } from '../hashmap/key-rows.ts';
import type { KeyEntry } from '../hashmap/key-table.ts';
import type { RowVersions } from '../hashmap/row.ts';
import { keyFromIdentity, keyIdentity } from '../key-encoding.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import { keyGroupFor } from '../key-groups.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import { RocksDbRow } from './rocksdb-row.ts';
import { RowCodec } from './row-codec.ts';
import type { RowKeys } from './row-keys.ts';
import { WorkingSet } from './working-set.ts';

const NOTHING = new Uint8Array(0);
/** Keys that a walk over the store takes at once. */
const SCAN_KEYS = 256;

export interface RocksDbRowsOptions {
  readonly store: LocalStore;
  readonly keys: RowKeys;
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  readonly versions: RowVersions;
  /** Registered states: each has a slot. */
  readonly states: { readonly infos: readonly unknown[] };
  /** Memory of the rows that are held decoded. */
  readonly workingSetBytes: number;
  /** Whether all rows of a key group are in the store, or may be. */
  isComplete(group: number): boolean;
}

/**
 * The rows of all keys: the truth is in the store, but for rows of the working set that are dirty. A row that is written back
 * leaves a note of its change, so that an incremental snapshot reads the changed rows alone.
 */
export class RocksDbRows implements KeyRows {
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  readonly codec = new RowCodec();
  readonly #options: RocksDbRowsOptions;
  readonly #versions: RowVersions;
  readonly #workingSet: WorkingSet;
  readonly #batch: LocalBatch;
  #size = 0;
  /** By key group, from the first: its rows, and the interval of its last change, -1 for none. */
  readonly #sizes: Int32Array;
  readonly #changedIn: Int32Array;
  #key: Key | undefined;
  #identity: KeyIdentity = null;
  #group = -1;
  #row: RocksDbRow | undefined;
  #looked = false;

  constructor(options: RocksDbRowsOptions) {
    this.#options = options;
    this.keyGroups = options.keyGroups;
    this.maxParallelism = options.maxParallelism;
    this.#versions = options.versions;
    this.#batch = options.store.newBatch();
    const groups = options.keyGroups.end - options.keyGroups.start + 1;
    this.#sizes = new Int32Array(groups);
    this.#changedIn = new Int32Array(groups).fill(-1);
    this.#workingSet = new WorkingSet(options.workingSetBytes, (rows, count) => this.#writeBack(rows, count));
  }

  get size(): number {
    return this.#size;
  }

  /** As on the heap, the rest of the work is left to the first state that is used. */
  setCurrentKey(key: Key): void {
    this.#identity = keyIdentity(key);
    this.#key = key;
    this.forgetCurrent();
    if (this.#workingSet.crowded) this.#workingSet.trim();
  }

  getCurrentKey(): Key {
    if (this.#key === undefined) throw outsideRecord();
    return this.#key;
  }

  find(): RocksDbRow | undefined {
    if (!this.#looked) {
      this.#group = this.#groupOfCurrent();
      this.#looked = true;
      const row = this.#held(this.#identity, this.#group);
      this.#row = row;
      // What is read may be changed in place, so a snapshot under way gets it first.
      if (this.#versions.save !== undefined && row !== undefined) this.#versions.save(row);
    }
    const row = this.#row;
    return row !== undefined && row.used > 0 ? row : undefined;
  }

  change(): RocksDbRow {
    if (!this.#looked) this.find();
    let row = this.#row;
    if (row === undefined) {
      row = this.#newRow(this.#identity, this.#group);
      this.#row = row;
    } else this.touch(row);
    if (row.used === 0) this.#count(row.group, 1);
    return row;
  }

  touch(entry: KeyEntry): void {
    const row = entry as RocksDbRow;
    const versions = this.#versions;
    if (row.dirty && row.version === versions.current) return;
    versions.save?.(row);
    if (!versions.isNoted(row.version)) row.cleared = false;
    row.version = versions.current;
    this.#changedIn[row.group - this.keyGroups.start] = versions.current;
    if (row.dirty) return;
    row.dirty = true;
    this.#workingSet.hold(row);
  }

  clearSlot(slot: number): void {
    const row = this.find();
    if (row === undefined || row.get(slot) === undefined) return;
    this.clearSlotOf(row, slot);
  }

  clearSlotOf(entry: KeyEntry, slot: number): void {
    this.touch(entry);
    entry.set(slot, undefined);
    entry.used -= 1;
    entry.cleared = true;
    if (entry.used === 0) this.#count(entry.group, -1);
  }

  restore(identity: KeyIdentity, group: number, slot: number, value: unknown): void {
    let row = this.#held(identity, group);
    if (row === undefined) row = this.#newRow(identity, group);
    else this.touch(row);
    if (row.used === 0) this.#count(group, 1);
    if (row.get(slot) === undefined) row.used += 1;
    row.set(slot, value);
    if (this.#workingSet.crowded) this.#workingSet.trim();
  }

  restoreRemoved(identity: KeyIdentity, group: number): void {
    const row = this.#held(identity, group);
    if (row === undefined || row.used === 0) return;
    this.touch(row);
    row.clear();
    this.#count(group, -1);
  }

  get version(): number {
    return this.#versions.current;
  }

  /** Rows of a database that has none of their keys yet. */
  writeRestored(rows: Iterable<RocksDbRow>): void {
    const { keys, states } = this.#options;
    let written = 0;
    for (const row of rows) {
      if (row.used === 0) continue;
      this.#batch.put(keys.row(row.group, row.identity), this.codec.encode(row, states.infos.length));
      this.#count(row.group, 1);
      written += 1;
      if (written % 1_024 === 0) this.#batch.write();
    }
    this.#batch.write();
  }

  /** The current key may have been looked up before a snapshot began: it is looked up again. */
  forgetCurrent(): void {
    this.#looked = false;
    this.#row = undefined;
  }

  *entries(): Generator<RocksDbRow, undefined> {
    this.flush();
    yield* this.#stored(() => true);
    return undefined;
  }

  /** Every row that stays long enough, some of them twice, without writing back: for clean-up a few rows at a time. */
  *passing(): Generator<RocksDbRow, undefined> {
    for (const generation of this.#workingSet.generations())
      for (const row of generation.values()) if (row.used > 0) yield row;
    yield* this.#stored((group) => this.#options.isComplete(group));
    return undefined;
  }

  *keys(): Iterable<Key> {
    for (const row of this.entries()) yield keyFromIdentity(row.identity);
  }

  /** Writes all dirty rows. */
  flush(): void {
    for (const generation of this.#workingSet.generations())
      this.#writeBack(generation.values(), Number.POSITIVE_INFINITY);
  }

  generations(): readonly ReadonlyMap<KeyIdentity, RocksDbRow>[] {
    return this.#workingSet.generations();
  }

  *#stored(wants: (group: number) => boolean): Generator<RocksDbRow, undefined> {
    const { store, keys } = this.#options;
    const [first, to] = keys.rows;
    let from = first;
    for (;;) {
      const scan = store.scan(from, to, { values: false });
      const found = scan.next(SCAN_KEYS);
      scan.close();
      for (let index = 0; index < found.length; index += 2) {
        const key = found[index] as Uint8Array;
        const group = keys.groupOf(key);
        if (!wants(group)) continue;
        const identity = keys.identityOf(key);
        const row = this.#workingSet.peek(identity) ?? this.#load(identity, group);
        if (row !== undefined && row.used > 0) yield row;
      }
      const last = found.at(-2);
      if (last === undefined) return undefined;
      from = Buffer.concat([last, Buffer.alloc(1)]);
    }
  }

  /** The interval in which a row of the group was last changed; -1: none was. */
  lastChange(group: number): number {
    return this.#changedIn[group - this.keyGroups.start] as number;
  }

  /** Forgets the rows of groups that are elsewhere as they are here. Not while a snapshot walks over the rows, nor within a record. */
  drop(groups: ReadonlySet<number>): void {
    this.forgetCurrent();
    this.#workingSet.drop(groups);
    const { store, keys } = this.#options;
    for (const group of groups) {
      store.deleteRange(...keys.rowsOf(group));
      this.#count(group, -(this.#sizes[group - this.keyGroups.start] as number));
    }
  }

  #count(group: number, more: number): void {
    this.#size += more;
    (this.#sizes[group - this.keyGroups.start] as number) += more;
  }

  #groupOfCurrent(): number {
    if (this.#key === undefined) throw outsideRecord();
    const group = keyGroupFor(this.#key, this.maxParallelism);
    const { start, end } = this.keyGroups;
    if (group >= start && group <= end) return group;
    throw new InternalError(
      `a key of key group ${group} reached the subtask of key groups ${start} to ${end}`,
    );
  }

  #held(identity: KeyIdentity, group: number): RocksDbRow | undefined {
    const held = this.#workingSet.get(identity);
    if (held !== undefined) return held;
    const row = this.#load(identity, group);
    if (row !== undefined) this.#workingSet.hold(row);
    return row;
  }

  #load(identity: KeyIdentity, group: number): RocksDbRow | undefined {
    const { store, keys } = this.#options;
    const bytes = store.get(keys.row(group, identity));
    if (bytes === undefined) return undefined;
    this.#workingSet.sized(bytes.byteLength);
    return this.codec.decode(identity, group, bytes);
  }

  #newRow(identity: KeyIdentity, group: number): RocksDbRow {
    const row = new RocksDbRow(identity, group, this.#versions.current);
    row.dirty = true;
    this.#changedIn[group - this.keyGroups.start] = this.#versions.current;
    // Whether it was there before and removed since, nobody remembers: the next snapshot removes it first.
    row.cleared = this.#versions.tracking;
    this.#workingSet.hold(row);
    return row;
  }

  #writeBack(rows: Iterator<RocksDbRow, undefined>, count: number): void {
    let written = 0;
    for (let seen = 0; seen < count; seen += 1) {
      const row = rows.next().value;
      if (row === undefined) break;
      if (!row.dirty) continue;
      this.#write(row);
      written += 1;
      if (written % 1_024 === 0) this.#batch.write();
    }
    if (written > 0) this.#batch.write();
  }

  #write(row: RocksDbRow): void {
    const { keys, states } = this.#options;
    const versions = this.#versions;
    versions.save?.(row);
    if (versions.tracking && versions.isNoted(row.version))
      this.#batch.put(keys.change(row.version, row.group, row.identity), NOTHING);
    if (row.used === 0) this.#batch.delete(keys.row(row.group, row.identity));
    else {
      const bytes = this.codec.encode(row, states.infos.length);
      this.#workingSet.sized(bytes.byteLength);
      this.#batch.put(keys.row(row.group, row.identity), bytes);
    }
    row.dirty = false;
  }
}

function outsideRecord(): InternalError {
  return new InternalError('keyed state was used while no record or timer was processed: no key is current');
}
