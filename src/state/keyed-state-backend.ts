import type { Key } from '../functions/basic.ts';
import type { KeyedStateStore } from '../functions/context.ts';
import type { KeyIdentity } from './key-encoding.ts';
import type { KeyGroupRange } from './key-groups.ts';

/** Scope of state beside the key: the window it belongs to, as the text or number that identifies it. */
export type Namespace = string | number;

/**
 * Keyed state of one operator in one subtask. All calls concern the current key; a record's key is set once, and all
 * states of the operator share that one lookup.
 */
export interface KeyedStateBackend extends KeyedStateStore {
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  /** @throws UserError for a value that cannot be a key, InternalError for a key of another subtask */
  setCurrentKey(key: Key): void;
  getCurrentKey(): Key;
  /** States of the current key and current namespace: per-window state of users. */
  readonly namespaced: KeyedStateStore;
  setCurrentNamespace(namespace: Namespace): void;
  /** Drops all namespaced state of the current key and namespace. */
  clearNamespace(): void;
  /** A table ordered by window first, so that a window that fires is read and dropped as a whole. */
  windowTable<V>(name: string): WindowTable<V>;
  /** Keys that hold state of their own (window tables aside), by key group, in order of first use. */
  keys(): Iterable<Key>;
  /** Number of keys that hold state of their own. */
  readonly size: number;
}

/** State per (window, key). A pane is one window's map; panes are made by the first `pane` call for their window. */
export interface WindowTable<V> {
  pane(window: number): Map<KeyIdentity, V>;
  find(window: number): Map<KeyIdentity, V> | undefined;
  drop(window: number): void;
  windows(): Iterable<number>;
  readonly size: number;
}
