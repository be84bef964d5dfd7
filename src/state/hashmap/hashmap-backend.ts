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
import { KeyCell, NamespaceCell } from './cells.ts';
import type { Cell } from './cells.ts';
import type { Expiry } from './expiry.ts';
import { HashMapSnapshot } from './hashmap-snapshot.ts';
import { KeyTable } from './key-table.ts';
import { RegisteredStates } from './registered-states.ts';
import type { OpenedState } from './registered-states.ts';
import { restoreHashMap } from './restore.ts';
import { RowVersions } from './row.ts';
import { HashMapStateStore } from './state-store.ts';
import type { AnyDescriptor } from './state-store.ts';
import { TtlCleanup } from './ttl-cleanup.ts';
import { TtlClock } from './ttl-clock.ts';
import { HashMapWindowTable } from './window-table.ts';

const PLAIN: PaneCodec<unknown> = { toPlain: (value) => value, fromPlain: (plain) => plain };

/** Keyed state on the heap (`state.backend.type: hashmap`): fastest, bounded by the memory of the process. */
export class HashMapStateBackend implements KeyedStateBackend {
  readonly #table: KeyTable;
  #store: KeyedStateStore;
  #namespaced: KeyedStateStore;
  readonly #states = new RegisteredStates();
  readonly #versions = new RowVersions();
  readonly #current: { namespace: Namespace } = { namespace: '' };
  readonly #namespaceCells: Cell<unknown>[] = [];
  readonly #windowTables = new Map<string, HashMapWindowTable<unknown>>();
  readonly #opened = new Set<string>();
  readonly #clock: Pick<Clock, 'now'>;
  /** Clean-up of states with a time to live that runs at each record; undefined while there is no such state. */
  #cleanUpAtRecord: (() => void) | undefined;
  #snapshot: HashMapSnapshot | undefined;

  /** @param clock for the time to live of state */
  constructor(keyGroups: KeyGroupRange, maxParallelism: number, clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#table = new KeyTable(keyGroups, maxParallelism, this.#versions);
    const startTtl = <T>(config: StateTtlConfig, cell: Cell<T>, expiry: Expiry<T>): TtlClock =>
      this.#startTtl(config, cell, expiry);
    this.#store = new HashMapStateStore({
      newCell: <T>(descriptor: AnyDescriptor) => new KeyCell<T>(this.#table, this.#slotOf(descriptor, 'key')),
      startTtl,
    });
    this.#namespaced = new HashMapStateStore({
      newCell: <T>(descriptor: AnyDescriptor) => {
        const cell = new NamespaceCell<T>(this.#table, this.#slotOf(descriptor, 'namespace'), this.#current);
        this.#namespaceCells.push(cell as Cell<unknown>);
        return cell;
      },
      startTtl,
    });
  }

  get keyGroups(): KeyGroupRange {
    return this.#table.keyGroups;
  }

  get maxParallelism(): number {
    return this.#table.maxParallelism;
  }

  /** States that the operator has opened so far, but windows' own. */
  get openedStates(): readonly OpenedState[] {
    return this.#states.opened;
  }

  setCurrentKey(key: Key): void {
    this.#table.setCurrentKey(key);
    if (this.#cleanUpAtRecord !== undefined) this.#cleanUpAtRecord();
  }

  getCurrentKey(): Key {
    return this.#table.getCurrentKey();
  }

  get namespaced(): KeyedStateStore {
    return this.#namespaced;
  }

  trackLatencies(latencies: OperatorLatencies): void {
    this.#store = new TrackedStateStore(this.#store, latencies);
    this.#namespaced = new TrackedStateStore(this.#namespaced, latencies);
  }

  get hasNamespaced(): boolean {
    return this.#states.namespaced;
  }

  setCurrentNamespace(namespace: Namespace): void {
    this.#current.namespace = namespace;
  }

  clearNamespace(): void {
    for (const cell of this.#namespaceCells) cell.clear();
  }

  clearKey(): void {
    for (let slot = 0; slot < this.#states.infos.length; slot += 1) this.#table.clearSlot(slot);
  }

  windowTable<V>(name: string, codec: PaneCodec<V> = PLAIN as PaneCodec<V>): WindowTable<V> {
    let table = this.#windowTables.get(name);
    if (table === undefined) {
      table = new HashMapWindowTable<unknown>(this.#versions, codec as PaneCodec<unknown>);
      this.#windowTables.set(name, table);
    } else if (!this.#opened.has(name)) table.adopt(codec as PaneCodec<unknown>);
    this.#opened.add(name);
    return table as unknown as WindowTable<V>;
  }

  keys(): Iterable<Key> {
    return this.#table.keys();
  }

  *valuesOf<T>(descriptor: ValueStateDescriptor<T>): Iterable<readonly [Key, T]> {
    const slot = this.#states.infos.findIndex(
      ({ name, scope }) => name === descriptor.name && scope === 'key',
    );
    if (slot < 0) return;
    for (const entry of this.#table.entries()) {
      const value = entry.get(slot) as T | undefined;
      if (value !== undefined) yield [keyFromIdentity(entry.identity), value];
    }
  }

  get size(): number {
    return this.#table.size;
  }

  beginSnapshot(openWriter: (states: readonly StateInfo[]) => StateWriter, mode: SnapshotMode): SnapshotRun {
    this.#snapshot?.abandon();
    this.#table.forgetCurrent();
    this.#snapshot = new HashMapSnapshot({
      table: this.#table,
      states: this.#states.infos,
      windowTables: this.#windowTables,
      versions: this.#versions,
      openWriter,
      mode,
    });
    return this.#snapshot;
  }

  stopTracking(): void {
    this.#versions.tracking = false;
  }

  restore(readers: readonly StateReader[]): Promise<void> {
    return restoreHashMap(readers, {
      table: this.#table,
      states: this.#states,
      windowTable: (name) => {
        let table = this.#windowTables.get(name);
        if (table === undefined) {
          table = new HashMapWindowTable<unknown>(this.#versions, PLAIN);
          this.#windowTables.set(name, table);
        }
        return table;
      },
    });
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
    return this.#states.open(descriptor, scope, this.#table, this.#clock.now());
  }

  #startTtl<T>(config: StateTtlConfig, cell: Cell<T>, expiry: Expiry<T>): TtlClock {
    const ttl = new TtlClock(config, () => this.#clock.now());
    const { incrementalCleanup } = config;
    if (incrementalCleanup === undefined) return ttl;
    const { cleanupSize, runForEveryRecord } = incrementalCleanup;
    const cleanup = new TtlCleanup(this.#table, cleanupSize, (entry) => cell.sweep(entry, expiry, ttl));
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
