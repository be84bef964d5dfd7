import type { MapState, MapStateDescriptor } from '../../functions/state.ts';

/** Broadcast state of one operator in one subtask: maps by name, not keyed, the same in every subtask. */
export class BroadcastStates {
  readonly #states = new Map<string, BroadcastMapState<unknown, unknown>>();

  get<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    let state = this.#states.get(descriptor.name);
    if (state === undefined) {
      state = new BroadcastMapState();
      this.#states.set(descriptor.name, state);
    }
    return state as MapState<unknown, unknown> as MapState<K, V>;
  }
}

class BroadcastMapState<K, V> implements MapState<K, V> {
  readonly #map = new Map<K, V>();

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
