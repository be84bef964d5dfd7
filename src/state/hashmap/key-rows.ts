import type { KeyIdentity } from '../key-encoding.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { KeyEntry } from './key-table.ts';

/** The rows of all keys, wherever they are kept: what states, their clean-up and restoring need of them. */
export interface KeyRows {
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  /** The current key's row, to be read; undefined while it has no value. */
  find(): KeyEntry | undefined;
  /** The current key's row, to be changed; made where there is none. */
  change(): KeyEntry;
  /** To be called before a row is changed, current or not. */
  touch(entry: KeyEntry): void;
  clearSlot(slot: number): void;
  /** Empties a slot of any row; a row without values is gone. */
  clearSlotOf(entry: KeyEntry, slot: number): void;
  /** Every row, once, by key group; rows may be dropped and added meanwhile. */
  entries(): Iterator<KeyEntry, undefined> & Iterable<KeyEntry>;
  restore(identity: KeyIdentity, group: number, slot: number, value: unknown): void;
  restoreRemoved(identity: KeyIdentity, group: number): void;
}
