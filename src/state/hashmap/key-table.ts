import { InternalError } from '../../base/errors.ts';
import { RECENT_KEYS } from '../../base/limits.ts';
import type { Key } from '../../functions/basic.ts';
import { keyFromIdentity, keyIdentity } from '../key-encoding.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import { keyGroupFor } from '../key-groups.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import { ChangedRows } from './changed-rows.ts';
import type { KeyRows } from './key-rows.ts';
import type { Row, RowVersions } from './row.ts';

/**
 * All states of one key: slot n belongs to the n-th state registered. Few operators have more than three; an array for each key
 * would take more room than what it holds.
 */
export class KeyEntry implements Row {
  readonly identity: KeyIdentity;
  readonly group: number;
  version: number;
  saved = 0;
  #first: unknown = undefined;
  #second: unknown = undefined;
  #third: unknown = undefined;
  #others: unknown[] | undefined = undefined;
  /** Slots in use; an entry with none is removed. */
  used = 0;
  /** Whether a slot was emptied since the entry was last saved. */
  cleared = false;

  constructor(identity: KeyIdentity, group: number, version: number) {
    this.identity = identity;
    this.group = group;
    this.version = version;
  }

  get(slot: number): unknown {
    if (slot === 0) return this.#first;
    if (slot === 1) return this.#second;
    return slot === 2 ? this.#third : this.#others?.[slot - 3];
  }

  set(slot: number, value: unknown): void {
    if (slot === 0) this.#first = value;
    else if (slot === 1) this.#second = value;
    else if (slot === 2) this.#third = value;
    else {
      this.#others ??= [];
      this.#others[slot - 3] = value;
    }
  }

  /** Empties all slots. */
  clear(): void {
    this.#first = undefined;
    this.#second = undefined;
    this.#third = undefined;
    this.#others = undefined;
    this.used = 0;
  }
}

type Group = Map<KeyIdentity, KeyEntry>;

/** Entries found lately, by the low bits of their keys: whole numbers, which streams often meet again soon. */
class RecentEntries {
  readonly #keys = new Int32Array(RECENT_KEYS);
  readonly #entries: (KeyEntry | undefined)[] = Array.from({ length: RECENT_KEYS }, () => undefined);

  /** @returns undefined also for a key that has an entry */
  get(key: number): KeyEntry | undefined {
    const place = key & (RECENT_KEYS - 1);
    // Keys are compared here first: what entries of other keys hold is not in the cache.
    if (this.#keys[place] !== key) return undefined;
    const entry = this.#entries[place];
    // One without values was removed, and the key may have another one by now.
    return entry !== undefined && entry.used > 0 ? entry : undefined;
  }

  set(key: number, entry: KeyEntry): void {
    const place = key & (RECENT_KEYS - 1);
    this.#keys[place] = key;
    this.#entries[place] = entry;
  }
}

/**
 * Entries of keys, one map per key group: maps stay small (short rehash pauses, no limit of V8's single map), and a
 * snapshot reads one group at a time. The current key is looked up at most once, and only when a state is touched.
 */
export class KeyTable implements KeyRows {
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  /** Entries changed since the last snapshot. */
  readonly changed = new ChangedRows<KeyEntry>((entry) => entry.used === 0);
  readonly #versions: RowVersions;
  readonly #groups: Group[] = [];
  readonly #recent = new RecentEntries();
  #key: Key | undefined;
  #identity: KeyIdentity = null;
  #groupIndex = 0;
  #entry: KeyEntry | undefined;
  #looked = false;

  constructor(keyGroups: KeyGroupRange, maxParallelism: number, versions: RowVersions) {
    this.keyGroups = keyGroups;
    this.maxParallelism = maxParallelism;
    this.#versions = versions;
    for (let group = keyGroups.start; group <= keyGroups.end; group += 1) this.#groups.push(new Map());
  }

  /** Windows make keys current that touch no state: the rest of the work is left to the first that does. */
  setCurrentKey(key: Key): void {
    this.#identity = keyIdentity(key);
    this.#key = key;
    this.#entry = undefined;
    this.#looked = false;
  }

  getCurrentKey(): Key {
    if (this.#key === undefined) throw outsideRecord();
    return this.#key;
  }

  /** The current key's entry, to be read; what is read may be changed in place, so a snapshot under way gets it first. */
  find(): KeyEntry | undefined {
    if (this.#looked) return this.#entry;
    const entry = this.#lookUp(this.#identity);
    this.#looked = true;
    this.#entry = entry;
    if (this.#versions.save !== undefined && entry !== undefined) this.#versions.save(entry);
    return entry;
  }

  #lookUp(identity: KeyIdentity): KeyEntry | undefined {
    if (!isWhole(identity)) return this.#findGroup().get(identity);
    const recent = this.#recent.get(identity);
    if (recent !== undefined) return recent;
    const entry = this.#findGroup().get(identity);
    if (entry !== undefined) this.#recent.set(identity, entry);
    return entry;
  }

  #findGroup(): Group {
    if (this.#key === undefined) throw outsideRecord();
    const index = keyGroupFor(this.#key, this.maxParallelism);
    const group = this.#groups[index - this.keyGroups.start];
    if (group === undefined) {
      const { start, end } = this.keyGroups;
      throw new InternalError(
        `a key of key group ${index} reached the subtask of key groups ${start} to ${end}`,
      );
    }
    this.#groupIndex = index;
    return group;
  }

  /** The current key's entry, to be changed. */
  change(): KeyEntry {
    let entry = this.find();
    if (entry === undefined) {
      // Where the key's entry was found without hashing, and removed since, its group is not known yet.
      const entries = this.#findGroup();
      entry = new KeyEntry(this.#identity, this.#groupIndex, this.#versions.current);
      entries.set(this.#identity, entry);
      if (isWhole(this.#identity)) this.#recent.set(this.#identity, entry);
      this.#entry = entry;
      if (this.#versions.tracking) this.changed.add(entry);
    } else if (entry.version !== this.#versions.current) this.touch(entry);
    return entry;
  }

  /** To be called before an entry is changed, current or not. */
  touch(entry: KeyEntry): void {
    const versions = this.#versions;
    if (entry.version === versions.current) return;
    versions.save?.(entry);
    const noted = versions.isNoted(entry.version);
    entry.version = versions.current;
    if (versions.tracking && !noted) this.changed.add(entry);
  }

  clearSlot(slot: number): void {
    const entry = this.find();
    if (entry === undefined || entry.get(slot) === undefined) return;
    this.clearSlotOf(entry, slot);
  }

  /** Empties the slot of any entry, current or not. */
  clearSlotOf(entry: KeyEntry, slot: number): void {
    this.touch(entry);
    entry.set(slot, undefined);
    entry.used -= 1;
    entry.cleared = true;
    if (entry.used > 0) return;
    this.groupOf(entry.group).delete(entry.identity);
    if (this.#entry === entry) this.#entry = undefined;
  }

  /** Adds or completes an entry from a snapshot. */
  restore(identity: KeyIdentity, group: number, slot: number, value: unknown): void {
    const entries = this.groupOf(group);
    let entry = entries.get(identity);
    if (entry === undefined) {
      entry = new KeyEntry(identity, group, this.#versions.current);
      entries.set(identity, entry);
    }
    if (entry.get(slot) === undefined) entry.used += 1;
    entry.set(slot, value);
  }

  /** Removes an entry that an older snapshot brought. */
  restoreRemoved(identity: KeyIdentity, group: number): void {
    this.groupOf(group).delete(identity);
  }

  /** The current key may have been looked up before a snapshot began: it is looked up again. */
  forgetCurrent(): void {
    this.#looked = false;
    this.#entry = undefined;
  }

  groupOf(group: number): Group {
    return this.#groups[group - this.keyGroups.start] as Group;
  }

  /** Every entry, once, by key group; entries may be dropped and added meanwhile. */
  *entries(): Generator<KeyEntry, undefined> {
    for (const group of this.#groups) yield* group.values();
    return undefined;
  }

  *keys(): Iterable<Key> {
    for (const group of this.#groups) for (const identity of group.keys()) yield keyFromIdentity(identity);
  }

  get size(): number {
    return this.#groups.reduce((sum, group) => sum + group.size, 0);
  }
}

function isWhole(identity: KeyIdentity): identity is number {
  return typeof identity === 'number' && (identity | 0) === identity;
}

function outsideRecord(): InternalError {
  return new InternalError('keyed state was used while no record or timer was processed: no key is current');
}
