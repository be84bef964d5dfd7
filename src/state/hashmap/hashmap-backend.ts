import { UserError } from '../../base/errors.ts';
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
  StateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../../functions/state.ts';
import type { StateTtlConfig } from '../../functions/state-ttl.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { KeyedStateBackend, Namespace, WindowTable } from '../keyed-state-backend.ts';
import { KeyCell, NamespaceCell } from './cells.ts';
import type { Cell } from './cells.ts';
import { KeyTable } from './key-table.ts';
import {
  HashMapAggregatingState,
  HashMapListState,
  HashMapMapState,
  HashMapReducingState,
  HashMapValueState,
} from './states.ts';
import { TtlCleanup } from './ttl-cleanup.ts';
import { TtlClock } from './ttl-clock.ts';
import type { Stamped } from './ttl-clock.ts';
import {
  TtlAggregatingState,
  TtlListState,
  TtlMapState,
  TtlReducingState,
  TtlValueState,
} from './ttl-states.ts';

type AnyDescriptor = StateDescriptor & { readonly kind: string };

/** Tells whether all of a cell's value is expired; may drop expired parts of it. */
type IsOver<T> = (value: T, clock: TtlClock) => boolean;

/** The rules of a state with a time to live, its clean-up running; called with each such state's cell. */
type StartTtl = <T>(config: StateTtlConfig, cell: Cell<T>, isOver: IsOver<T>) => TtlClock;

const valueIsOver: IsOver<Stamped<unknown>> = (stamped, clock) => clock.isExpired(stamped);

const listIsOver: IsOver<Stamped<unknown>[]> = (list, clock) => {
  const live = list.filter((element) => !clock.isExpired(element));
  if (live.length > 0 && live.length < list.length) list.splice(0, list.length, ...live);
  return live.length === 0;
};

const mapIsOver: IsOver<Map<KeyIdentity, Stamped<unknown>>> = (map, clock) => {
  for (const [identity, stamped] of map) if (clock.isExpired(stamped)) map.delete(identity);
  return map.size === 0;
};

/** Opens states over the cells of one scope; the same name twice gives the same state, if it is of the same kind. */
class HashMapStateStore implements KeyedStateStore {
  readonly #newCell: <T>() => Cell<T>;
  readonly #startTtl: StartTtl;
  readonly #open = new Map<string, { readonly kind: string; readonly state: unknown }>();

  constructor(newCell: <T>() => Cell<T>, startTtl: StartTtl) {
    this.#newCell = newCell;
    this.#startTtl = startTtl;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    const { ttlConfig: ttl, defaultValue } = descriptor;
    return this.#state<ValueState<T>>(descriptor, () => {
      if (ttl === undefined) return new HashMapValueState<T>(this.#newCell(), defaultValue);
      const cell = this.#newCell<Stamped<T>>();
      return new TtlValueState<T>(cell, this.#startTtl(ttl, cell, valueIsOver), defaultValue);
    });
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    const { ttlConfig: ttl } = descriptor;
    return this.#state<ListState<T>>(descriptor, () => {
      if (ttl === undefined) return new HashMapListState<T>(this.#newCell());
      const cell = this.#newCell<Stamped<T>[]>();
      return new TtlListState<T>(cell, this.#startTtl(ttl, cell, listIsOver));
    });
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    const { ttlConfig: ttl } = descriptor;
    return this.#state<MapState<K, V>>(descriptor, () => {
      if (ttl === undefined) return new HashMapMapState<K, V>(this.#newCell());
      const cell = this.#newCell<Map<KeyIdentity, Stamped<V>>>();
      return new TtlMapState<K, V>(cell, this.#startTtl(ttl, cell, mapIsOver));
    });
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    const { ttlConfig: ttl, reduce } = descriptor;
    return this.#state<ReducingState<T>>(descriptor, () => {
      if (ttl === undefined) return new HashMapReducingState<T>(this.#newCell(), reduce);
      const cell = this.#newCell<Stamped<T>>();
      return new TtlReducingState<T>(cell, this.#startTtl(ttl, cell, valueIsOver), reduce);
    });
  }

  getAggregatingState<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O> {
    const { ttlConfig: ttl, aggregate } = descriptor;
    return this.#state<AggregatingState<I, O>>(descriptor, () => {
      if (ttl === undefined) return new HashMapAggregatingState<I, A, O>(this.#newCell(), aggregate);
      const cell = this.#newCell<Stamped<A>>();
      return new TtlAggregatingState<I, A, O>(cell, this.#startTtl(ttl, cell, valueIsOver), aggregate);
    });
  }

  #state<S>(descriptor: AnyDescriptor, create: () => S): S {
    const known = this.#open.get(descriptor.name);
    if (known === undefined) {
      const state = create();
      this.#open.set(descriptor.name, { kind: descriptor.kind, state });
      return state;
    }
    if (known.kind !== descriptor.kind) {
      throw new UserError(
        `state "${descriptor.name}" is a ${known.kind} state and cannot be opened as a ${descriptor.kind} state: ` +
          'give each state of an operator its own name',
      );
    }
    return known.state as S;
  }
}

class HashMapWindowTable<V> implements WindowTable<V> {
  readonly #panes = new Map<number, Map<KeyIdentity, V>>();

  pane(window: number): Map<KeyIdentity, V> {
    let pane = this.#panes.get(window);
    if (pane === undefined) {
      pane = new Map();
      this.#panes.set(window, pane);
    }
    return pane;
  }

  find(window: number): Map<KeyIdentity, V> | undefined {
    return this.#panes.get(window);
  }

  drop(window: number): void {
    this.#panes.delete(window);
  }

  windows(): Iterable<number> {
    return this.#panes.keys();
  }

  get size(): number {
    return this.#panes.size;
  }
}

/** Keyed state on the heap (`state.backend.type: hashmap`): fastest, bounded by the memory of the process. */
export class HashMapStateBackend implements KeyedStateBackend {
  readonly namespaced: KeyedStateStore;
  readonly #table: KeyTable;
  readonly #store: KeyedStateStore;
  readonly #current: { namespace: Namespace } = { namespace: '' };
  readonly #namespaceCells: Cell<unknown>[] = [];
  readonly #windowTables = new Map<string, WindowTable<unknown>>();
  readonly #clock: Pick<Clock, 'now'>;
  #slots = 0;
  /** Clean-up of states with a time to live that runs at each record; undefined while there is no such state. */
  #cleanUpAtRecord: (() => void) | undefined;

  /** @param clock for the time to live of state */
  constructor(keyGroups: KeyGroupRange, maxParallelism: number, clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#table = new KeyTable(keyGroups, maxParallelism);
    const startTtl: StartTtl = (config, cell, isOver) => this.#startTtl(config, cell, isOver);
    this.#store = new HashMapStateStore(<T>() => new KeyCell<T>(this.#table, this.#slots++), startTtl);
    this.namespaced = new HashMapStateStore(<T>() => {
      const cell = new NamespaceCell<T>(this.#table, this.#slots++, this.#current);
      this.#namespaceCells.push(cell as Cell<unknown>);
      return cell;
    }, startTtl);
  }

  #startTtl<T>(config: StateTtlConfig, cell: Cell<T>, isOver: IsOver<T>): TtlClock {
    const ttl = new TtlClock(config, () => this.#clock.now());
    const { incrementalCleanup } = config;
    if (incrementalCleanup === undefined) return ttl;
    const { cleanupSize, runForEveryRecord } = incrementalCleanup;
    const cleanup = new TtlCleanup(this.#table, cleanupSize, (place) =>
      cell.sweep(place, (value) => isOver(value, ttl)),
    );
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

  get keyGroups(): KeyGroupRange {
    return this.#table.keyGroups;
  }

  get maxParallelism(): number {
    return this.#table.maxParallelism;
  }

  setCurrentKey(key: Key): void {
    this.#table.setCurrentKey(key);
    if (this.#cleanUpAtRecord !== undefined) this.#cleanUpAtRecord();
  }

  getCurrentKey(): Key {
    return this.#table.getCurrentKey();
  }

  setCurrentNamespace(namespace: Namespace): void {
    this.#current.namespace = namespace;
  }

  clearNamespace(): void {
    for (const cell of this.#namespaceCells) cell.clear();
  }

  windowTable<V>(name: string): WindowTable<V> {
    let table = this.#windowTables.get(name);
    if (table === undefined) {
      table = new HashMapWindowTable<unknown>();
      this.#windowTables.set(name, table);
    }
    return table as WindowTable<V>;
  }

  keys(): Iterable<Key> {
    return this.#table.keys();
  }

  get size(): number {
    return this.#table.size;
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
}
