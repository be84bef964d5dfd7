import { InternalError } from '../../base/errors.ts';
import type { Key } from '../../functions/basic.ts';
import { keyFromIdentity, keyIdentity } from '../key-encoding.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import { keyGroupFor } from '../key-groups.ts';
import type { KeyGroupRange } from '../key-groups.ts';

/** All states of one key: slot n belongs to the n-th state registered. Most operators have one: it takes no array. */
export class KeyEntry {
  first: unknown = undefined;
  rest: unknown[] | undefined = undefined;
  /** Slots in use; an entry with none is removed. */
  used = 0;

  get(slot: number): unknown {
    return slot === 0 ? this.first : this.rest?.[slot];
  }

  set(slot: number, value: unknown): void {
    if (slot === 0) this.first = value;
    else {
      this.rest ??= [];
      this.rest[slot] = value;
    }
  }
}

/** Where an entry is, for who walks over all of them. */
export interface KeyPlace {
  readonly group: Map<KeyIdentity, KeyEntry>;
  readonly identity: KeyIdentity;
  readonly entry: KeyEntry;
}

/**
 * Entries of keys, one map per key group: maps stay small (short rehash pauses, no limit of V8's single map), and a
 * snapshot reads one group at a time. The current key is looked up at most once, and only when a state is touched.
 */
export class KeyTable {
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  readonly #groups: Map<KeyIdentity, KeyEntry>[] = [];
  #key: Key | undefined;
  #identity: KeyIdentity = null;
  #group: Map<KeyIdentity, KeyEntry> | undefined;
  #entry: KeyEntry | undefined;
  #looked = false;

  constructor(keyGroups: KeyGroupRange, maxParallelism: number) {
    this.keyGroups = keyGroups;
    this.maxParallelism = maxParallelism;
    for (let group = keyGroups.start; group <= keyGroups.end; group += 1) this.#groups.push(new Map());
  }

  setCurrentKey(key: Key): void {
    const group = keyGroupFor(key, this.maxParallelism);
    this.#group = this.#groups[group - this.keyGroups.start];
    if (this.#group === undefined) {
      const { start, end } = this.keyGroups;
      throw new InternalError(
        `a key of key group ${group} reached the subtask of key groups ${start} to ${end}`,
      );
    }
    this.#key = key;
    this.#identity = keyIdentity(key);
    this.#entry = undefined;
    this.#looked = false;
  }

  getCurrentKey(): Key {
    if (this.#group === undefined) throw outsideRecord();
    return this.#key as Key;
  }

  find(): KeyEntry | undefined {
    if (this.#looked) return this.#entry;
    if (this.#group === undefined) throw outsideRecord();
    this.#looked = true;
    this.#entry = this.#group.get(this.#identity);
    return this.#entry;
  }

  findOrCreate(): KeyEntry {
    const found = this.find();
    if (found !== undefined) return found;
    const entry = new KeyEntry();
    this.#group?.set(this.#identity, entry);
    this.#entry = entry;
    return entry;
  }

  clearSlot(slot: number): void {
    const entry = this.find();
    if (entry === undefined || entry.get(slot) === undefined) return;
    entry.set(slot, undefined);
    entry.used -= 1;
    if (entry.used > 0) return;
    this.#group?.delete(this.#identity);
    this.#entry = undefined;
  }

  /** Every entry with its place, once; entries may be dropped and added meanwhile. */
  *places(): Generator<KeyPlace, undefined> {
    for (const group of this.#groups) for (const [identity, entry] of group) yield { group, identity, entry };
    return undefined;
  }

  /** Empties the slot of any key, current or not. */
  clearSlotAt({ group, identity, entry }: KeyPlace, slot: number): void {
    entry.set(slot, undefined);
    entry.used -= 1;
    if (entry.used > 0) return;
    group.delete(identity);
    if (this.#entry === entry) this.#entry = undefined;
  }

  *keys(): Iterable<Key> {
    for (const group of this.#groups) for (const identity of group.keys()) yield keyFromIdentity(identity);
  }

  get size(): number {
    return this.#groups.reduce((sum, group) => sum + group.size, 0);
  }
}

function outsideRecord(): InternalError {
  return new InternalError('keyed state was used while no record or timer was processed: no key is current');
}
