import type { Key } from '../functions/basic.ts';
import type { KeyedStateStore } from '../functions/context.ts';
import type { ValueStateDescriptor } from '../functions/state.ts';
import type { KeyIdentity } from './key-encoding.ts';
import type { KeyGroupRange } from './key-groups.ts';
import type { OperatorLatencies } from './latency/operator-latencies.ts';
import type { PaneRow } from './pane-row.ts';
import type { StateInfo } from './snapshot/format.ts';
import type { StateReader } from './snapshot/state-reader.ts';
import type { StateWriter, WrittenState } from './snapshot/state-writer.ts';

/** Scope of state beside the key: the window it belongs to, as the text or number that identifies it. */
export type Namespace = string | number;

/**
 * Keyed state of one operator in one subtask. All calls concern the current key; a record's key is set once, and all
 * states of the operator share that one lookup.
 */
export interface KeyedStateBackend extends KeyedStateStore {
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  /** @throws UserError for a value that cannot be a key. A key of another subtask is an InternalError when its state is used */
  setCurrentKey(key: Key): void;
  getCurrentKey(): Key;
  /** States of the current key and current namespace: per-window state of users. */
  readonly namespaced: KeyedStateStore;
  /** Times accesses to the states that are opened from now on. */
  trackLatencies(latencies: OperatorLatencies): void;
  /** Whether there may be state in namespaces, of this run or of a snapshot. */
  readonly hasNamespaced: boolean;
  setCurrentNamespace(namespace: Namespace): void;
  /** Drops all namespaced state of the current key and namespace. */
  clearNamespace(): void;
  /** Drops all state of the current key, in all namespaces; window tables keep theirs. */
  clearKey(): void;
  /**
   * A table ordered by window first, so that a window that fires is read and dropped as a whole. `codec` says what a value is
   * in a snapshot; missing where values are plain data as they are.
   */
  windowTable<V>(name: string, codec?: PaneCodec<V>): WindowTable<V>;
  /** Keys that hold state of their own (window tables aside), by key group, in order of first use. */
  keys(): Iterable<Key>;
  /** Number of keys that hold state of their own. */
  readonly size: number;
  /** Every key that has a value in a state, with it: to build an index over restored state. */
  valuesOf<T>(descriptor: ValueStateDescriptor<T>): Iterable<readonly [Key, T]>;
  /**
   * Begins a snapshot of the state as it is now; a snapshot still under way is given up.
   */
  beginSnapshot(openWriter: (states: readonly StateInfo[]) => StateWriter, mode: SnapshotMode): SnapshotRun;
  /** What the last snapshot wrote is lost: the next one writes everything. */
  stopTracking(): void;
  /** Fills an empty backend from state files, oldest first, before any state is opened. */
  restore(readers: readonly StateReader[]): Promise<void>;
  /** Key groups that `restore` left where they were; missing where it brings everything. */
  readonly remote?: RemoteGroups;
  /**
   * After `restore`: its files belong to the subtask's own checkpoints and hold its key groups alone, so that the next delta may build
   * on them. Missing where the first snapshot after a restore is never a delta.
   */
  goOnFromRestored?(): void;
  /** Whether a delta could not be read with the files before it. */
  readonly needsBase?: boolean;
}

/**
 * Key groups of a backend whose rows are elsewhere until they are used. State is read and written by synchronous calls: who is about
 * to make a key current asks `has` before, and where the answer is no, tries again when the task goes on.
 */
export interface RemoteGroups {
  /** Whether there are some. */
  readonly any: boolean;
  /** Whether groups that are here may go again, between records. */
  readonly bounded: boolean;
  /**
   * Begins to bring them, a few at a time. Whoever makes a key current asks for it from now on.
   * @param waitFor holds the task up until the promise resolves
   * @returns what rejects with KeyGroupLoadError when one cannot be brought, and never resolves
   */
  start(waitFor: (promise: Promise<void>) => void): Promise<void>;
  /** Whether the key's rows are here; where not, they are brought before others, and the task waits for them. */
  has(key: Key): boolean;
  /** As `has` for all keys. */
  hasAll(): boolean;
  /** The key will be asked for soon. */
  announce(key: Key): void;
  /** Resolves when all are here. @throws KeyGroupLoadError */
  all(): Promise<void>;
}

/**
 * `full`: everything, and nothing is noted for a next one; `base`: everything, and changes are noted from now on; `delta`: what
 * changed since the base or delta before, where there was one, else as `base`; `aside`: everything, and the next delta holds what it
 * would have held without.
 */
export type SnapshotMode = 'full' | 'base' | 'delta' | 'aside';

/** A snapshot under way. */
export interface SnapshotRun {
  /** Writes rows until all are written (true), or `isOver` or the store has to catch up (false). */
  step(isOver: () => boolean): boolean;
  /** Whether the store has to catch up before `step` makes sense. */
  readonly congested: boolean;
  /** Resolves when the store has caught up. */
  drained(): Promise<void>;
  /** After the last step: completes the file. */
  finish(): Promise<WrittenState>;
  /**
   * After `finish`, where the next checkpoint builds on the file or is without the files before it: what is still remote is read from
   * it from now on. When it resolves nothing reads other files any more.
   */
  moveRemote?(file: StateReader): Promise<void>;
  abort(): Promise<void>;
}

/** One key's value in one window. Its table's `touch` is called before the value is changed or replaced. */
export interface PaneCell<V> {
  readonly identity: KeyIdentity;
  value: V;
}

/** One window's values by key, in order of insertion. */
export type Pane<V> = ReadonlyMap<KeyIdentity, PaneCell<V>>;

/** Values of a window table as plain data. */
export interface PaneCodec<V> {
  toPlain(value: V): unknown;
  fromPlain(plain: unknown, identity: KeyIdentity): V;
}

/** State per (window, key). A pane is one window's map; panes are made by the first `pane` call for their window. */
export interface WindowTable<V> {
  pane(window: number): Pane<V>;
  find(window: number): Pane<V> | undefined;
  /** Adds a key that the window's pane does not have. */
  insert(pane: Pane<V>, window: number, identity: KeyIdentity, value: V): PaneCell<V>;
  /** The same with a row that the operator made; it is in one table at a time. */
  insertRow(pane: Pane<V>, window: number, row: PaneRow<V>): void;
  touch(cell: PaneCell<V>): void;
  remove(cell: PaneCell<V>): void;
  drop(window: number): void;
  windows(): Iterable<number>;
  readonly size: number;
}
