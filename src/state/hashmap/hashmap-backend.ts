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

type AnyDescriptor = StateDescriptor & { readonly kind: string };

/** Opens states over the cells of one scope; the same name twice gives the same state, if it is of the same kind. */
class HashMapStateStore implements KeyedStateStore {
  readonly #newCell: <T>() => Cell<T>;
  readonly #open = new Map<string, { readonly kind: string; readonly state: unknown }>();

  constructor(newCell: <T>() => Cell<T>) {
    this.#newCell = newCell;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#state(descriptor, () => new HashMapValueState<T>(this.#newCell(), descriptor.defaultValue));
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#state(descriptor, () => new HashMapListState<T>(this.#newCell()));
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#state(descriptor, () => new HashMapMapState<K, V>(this.#newCell()));
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.#state(descriptor, () => new HashMapReducingState<T>(this.#newCell(), descriptor.reduce));
  }

  getAggregatingState<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O> {
    return this.#state(
      descriptor,
      () => new HashMapAggregatingState<I, A, O>(this.#newCell(), descriptor.aggregate),
    );
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
  #slots = 0;

  constructor(keyGroups: KeyGroupRange, maxParallelism: number) {
    this.#table = new KeyTable(keyGroups, maxParallelism);
    this.#store = new HashMapStateStore(<T>() => new KeyCell<T>(this.#table, this.#slots++));
    this.namespaced = new HashMapStateStore(<T>() => {
      const cell = new NamespaceCell<T>(this.#table, this.#slots++, this.#current);
      this.#namespaceCells.push(cell as Cell<unknown>);
      return cell;
    });
  }

  get keyGroups(): KeyGroupRange {
    return this.#table.keyGroups;
  }

  get maxParallelism(): number {
    return this.#table.maxParallelism;
  }

  setCurrentKey(key: Key): void {
    this.#table.setCurrentKey(key);
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
