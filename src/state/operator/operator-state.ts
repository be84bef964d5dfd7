import { UserError } from '../../base/errors.ts';
import type { OperatorStateStore } from '../../functions/checkpointed.ts';
import type {
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  StateDescriptor,
} from '../../functions/state.ts';
import type { Distribution, NamedOperatorState, OperatorStateSnapshot } from './redistribute.ts';

type OpenState =
  | { readonly distribution: 'split' | 'union'; readonly state: OperatorListState<unknown> }
  | { readonly distribution: 'broadcast'; readonly state: OperatorMapState<unknown, unknown> };

/** Operator state of one subtask, on the heap. */
export class InMemoryOperatorStateStore implements OperatorStateStore {
  readonly #open = new Map<string, OpenState>();
  /** What an earlier run left, until its state is opened. */
  readonly #restored: Map<string, NamedOperatorState>;
  readonly isRestored: boolean;

  constructor(restored?: OperatorStateSnapshot) {
    this.isRestored = restored !== undefined;
    this.#restored = new Map((restored ?? []).map((state) => [state.name, state]));
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list(descriptor, 'split') as ListState<unknown> as ListState<T>;
  }

  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list(descriptor, 'union') as ListState<unknown> as ListState<T>;
  }

  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    let known = this.#known(descriptor, 'broadcast');
    if (known?.distribution !== 'broadcast') {
      const entries = this.#take(descriptor.name) as readonly (readonly [unknown, unknown])[];
      known = { distribution: 'broadcast', state: new OperatorMapState(entries) };
      this.#open.set(descriptor.name, known);
    }
    return known.state as MapState<unknown, unknown> as MapState<K, V>;
  }

  /** All states, also those of an earlier run that nobody opened yet. */
  snapshot(): OperatorStateSnapshot {
    const opened = [...this.#open].map(([name, { distribution, state }]): NamedOperatorState => {
      return { name, distribution, elements: [...state.elements()] };
    });
    return [...opened, ...this.#restored.values()];
  }

  #list(descriptor: StateDescriptor, distribution: 'split' | 'union'): OperatorListState<unknown> {
    const known = this.#known(descriptor, distribution);
    if (known !== undefined && known.distribution !== 'broadcast') return known.state;
    const state = new OperatorListState(this.#take(descriptor.name));
    this.#open.set(descriptor.name, { distribution, state });
    return state;
  }

  #known(descriptor: StateDescriptor, distribution: Distribution): OpenState | undefined {
    const { name, ttlConfig } = descriptor;
    if (ttlConfig !== undefined) {
      throw new UserError(`operator state "${name}" cannot have a time to live: only keyed state can`);
    }
    const known = this.#open.get(name);
    const before = known?.distribution ?? this.#restored.get(name)?.distribution ?? distribution;
    if (before === distribution) return known;
    throw new UserError(
      `operator state "${name}" is a ${before} state and cannot be opened as a ${distribution} state: ` +
        'give each state of an operator its own name',
    );
  }

  #take(name: string): readonly unknown[] {
    const elements = this.#restored.get(name)?.elements ?? [];
    this.#restored.delete(name);
    return elements;
  }
}

class OperatorListState<T> implements ListState<T> {
  #elements: T[];

  constructor(elements: readonly T[]) {
    this.#elements = [...elements];
  }

  get(): readonly T[] {
    return this.#elements;
  }

  elements(): Iterable<T> {
    return this.#elements;
  }

  add(value: T): void {
    this.#elements.push(value);
  }

  addAll(values: readonly T[]): void {
    for (const value of values) this.#elements.push(value);
  }

  update(values: readonly T[]): void {
    this.#elements = [...values];
  }

  clear(): void {
    this.#elements = [];
  }
}

class OperatorMapState<K, V> implements MapState<K, V> {
  readonly #map: Map<K, V>;

  constructor(entries: readonly (readonly [K, V])[]) {
    this.#map = new Map(entries);
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  put(key: K, value: V): void {
    this.#map.set(key, value);
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) this.#map.set(key, value);
  }

  remove(key: K): void {
    this.#map.delete(key);
  }

  contains(key: K): boolean {
    return this.#map.has(key);
  }

  elements(): Iterable<[K, V]> {
    return this.#map.entries();
  }

  entries(): Iterable<readonly [K, V]> {
    return this.#map.entries();
  }

  keys(): Iterable<K> {
    return this.#map.keys();
  }

  values(): Iterable<V> {
    return this.#map.values();
  }

  isEmpty(): boolean {
    return this.#map.size === 0;
  }

  clear(): void {
    this.#map.clear();
  }
}
