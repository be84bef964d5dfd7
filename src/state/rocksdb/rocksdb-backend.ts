import type { Key } from '../../functions/basic.ts';
import type { KeyedStateStore } from '../../functions/context.ts';
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../../functions/state.ts';
import type { StateTtlConfig } from '../../functions/state-ttl.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LocalStore } from '../../ports/local-store.ts';
import { KeyCell, NamespaceCell } from '../hashmap/cells.ts';
import type { Cell } from '../hashmap/cells.ts';
import type { Expiry } from '../hashmap/expiry.ts';
import { RegisteredStates } from '../hashmap/registered-states.ts';
import type { RestoreTarget } from '../hashmap/restore.ts';
import { RowVersions } from '../hashmap/row.ts';
import { HashMapStateStore } from '../hashmap/state-store.ts';
import type { AnyDescriptor } from '../hashmap/state-store.ts';
import { TtlCleanup } from '../hashmap/ttl-cleanup.ts';
import { TtlClock } from '../hashmap/ttl-clock.ts';
import { keyFromIdentity } from '../key-encoding.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type {
  KeyedStateBackend,
  Namespace,
  PaneCodec,
  SnapshotMode,
  SnapshotRun,
  WindowTable,
} from '../keyed-state-backend.ts';
import type { OperatorLatencies } from '../latency/operator-latencies.ts';
import { TrackedStateStore } from '../latency/tracked-store.ts';
import type { StateInfo, StateScope } from '../snapshot/format.ts';
import type { StateReader } from '../snapshot/state-reader.ts';
import type { StateWriter } from '../snapshot/state-writer.ts';
import { HeapWindows } from './heap-windows.ts';
import { restoreRocksDb } from './restore-rocksdb.ts';
import { RocksDbRows } from './rocksdb-rows.ts';
import { RocksDbSnapshot } from './rocksdb-snapshot.ts';
import { RowKeys } from './row-keys.ts';

export interface RocksDbStateBackendOptions {
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  /** For the time to live of state. */
  readonly clock: Pick<Clock, 'now'>;
  /** Shared by the operators of a subtask; who opened it closes it. */
  readonly store: LocalStore;
  /** Number of the operator within the store. */
  readonly operator: number;
  /** Memory of the rows that are held decoded, in bytes, about. */
  readonly workingSetBytes: number;
}

/**
 * Keyed state in RocksDB (`state.backend.type: rocksdb`): bounded by the disk, with the rows in use held decoded on the heap.
 * A key's states are one row. Window tables are held on the heap as a whole.
 */
export class RocksDbStateBackend implements KeyedStateBackend {
  protected readonly options: RocksDbStateBackendOptions;
  readonly #keys: RowKeys;
  protected readonly rows: RocksDbRows;
  #store: KeyedStateStore;
  #namespaced: KeyedStateStore;
  protected readonly states = new RegisteredStates();
  protected readonly versions = new RowVersions();
  protected readonly windows: HeapWindows;
  readonly #current: { namespace: Namespace } = { namespace: '' };
  readonly #namespaceCells: Cell<unknown>[] = [];
  /** Clean-up of states with a time to live that runs at each record; undefined while there is no such state. */
  #cleanUpAtRecord: (() => void) | undefined;
  #snapshot: RocksDbSnapshot | undefined;

  constructor(options: RocksDbStateBackendOptions) {
    this.options = options;
    this.#keys = new RowKeys(options.operator);
    this.rows = new RocksDbRows({
      ...options,
      keys: this.#keys,
      versions: this.versions,
      states: this.states,
      isComplete: (group) => this.isComplete(group),
    });
    this.windows = new HeapWindows(options.keyGroups, options.maxParallelism);
    const startTtl = <T>(config: StateTtlConfig, cell: Cell<T>, expiry: Expiry<T>): TtlClock =>
      this.#startTtl(config, cell, expiry);
    this.#store = new HashMapStateStore({
      newCell: <T>(descriptor: AnyDescriptor) => new KeyCell<T>(this.rows, this.#slotOf(descriptor, 'key')),
      startTtl,
    });
    this.#namespaced = new HashMapStateStore({
      newCell: <T>(descriptor: AnyDescriptor) => {
        const cell = new NamespaceCell<T>(this.rows, this.#slotOf(descriptor, 'namespace'), this.#current);
        this.#namespaceCells.push(cell as Cell<unknown>);
        return cell;
      },
      startTtl,
    });
  }

  get keyGroups(): KeyGroupRange {
    return this.options.keyGroups;
  }

  get maxParallelism(): number {
    return this.options.maxParallelism;
  }

  setCurrentKey(key: Key): void {
    this.rows.setCurrentKey(key);
    if (this.#cleanUpAtRecord !== undefined) this.#cleanUpAtRecord();
  }

  getCurrentKey(): Key {
    return this.rows.getCurrentKey();
  }

  get namespaced(): KeyedStateStore {
    return this.#namespaced;
  }

  trackLatencies(latencies: OperatorLatencies): void {
    this.#store = new TrackedStateStore(this.#store, latencies);
    this.#namespaced = new TrackedStateStore(this.#namespaced, latencies);
  }

  get hasNamespaced(): boolean {
    return this.states.namespaced;
  }

  setCurrentNamespace(namespace: Namespace): void {
    this.#current.namespace = namespace;
  }

  clearNamespace(): void {
    for (const cell of this.#namespaceCells) cell.clear();
  }

  clearKey(): void {
    for (let slot = 0; slot < this.states.infos.length; slot += 1) this.rows.clearSlot(slot);
  }

  windowTable<V>(name: string, codec?: PaneCodec<V>): WindowTable<V> {
    return this.windows.open(name, codec);
  }

  keys(): Iterable<Key> {
    return this.rows.keys();
  }

  *valuesOf<T>(descriptor: ValueStateDescriptor<T>): Iterable<readonly [Key, T]> {
    const slot = this.states.infos.findIndex(
      ({ name, scope }) => name === descriptor.name && scope === 'key',
    );
    if (slot < 0) return;
    for (const row of this.rows.entries()) {
      const value = row.get(slot) as T | undefined;
      if (value !== undefined) yield [keyFromIdentity(row.identity), value];
    }
  }

  get size(): number {
    return this.rows.size;
  }

  beginSnapshot(openWriter: (states: readonly StateInfo[]) => StateWriter, mode: SnapshotMode): SnapshotRun {
    this.#snapshot?.abandon();
    this.rows.forgetCurrent();
    const { writer, run } = this.windows.beginSnapshot(this.states.infos, openWriter, mode);
    this.#snapshot = new RocksDbSnapshot({
      store: this.options.store,
      keys: this.#keys,
      rows: this.rows,
      versions: this.versions,
      states: this.states.infos.length,
      writer,
      mode,
      windows: run,
    });
    return this.#snapshot;
  }

  stopTracking(): void {
    this.versions.tracking = false;
    this.windows.stopTracking();
  }

  restore(readers: readonly StateReader[]): Promise<void> {
    return restoreRocksDb(readers, this.rows, this.restoreTarget);
  }

  protected get restoreTarget(): RestoreTarget {
    return {
      table: this.rows,
      states: this.states,
      windowTable: (name) => this.windows.restored(name),
    };
  }

  /** Whether all rows of a key group are in the store or the working set. */
  protected isComplete(_group: number): boolean {
    return true;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#store.getState(descriptor);
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#store.getListState(descriptor);
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#store.getMapState(descriptor);
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.#store.getReducingState(descriptor);
  }

  getAggregatingState<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O> {
    return this.#store.getAggregatingState(descriptor);
  }

  #slotOf(descriptor: AnyDescriptor, scope: StateScope): number {
    return this.states.open(descriptor, scope, this.rows, this.options.clock.now());
  }

  #startTtl<T>(config: StateTtlConfig, cell: Cell<T>, expiry: Expiry<T>): TtlClock {
    const ttl = new TtlClock(config, () => this.options.clock.now());
    const { incrementalCleanup } = config;
    if (incrementalCleanup === undefined) return ttl;
    const { cleanupSize, runForEveryRecord } = incrementalCleanup;
    const passing = { entries: () => this.rows.passing() };
    const cleanup = new TtlCleanup(passing, cleanupSize, (row) => cell.sweep(row, expiry, ttl));
    ttl.cleanUp = () => cleanup.run();
    if (runForEveryRecord) {
      const others = this.#cleanUpAtRecord;
      this.#cleanUpAtRecord = () => {
        others?.();
        cleanup.run();
      };
    }
    return ttl;
  }
}
