import type { MapState } from '../../functions/state.ts';
import type { AccessLatency } from './access-latency.ts';
import type { StateLatencies } from './operator-latencies.ts';

/** A map state whose accesses are timed, and each step through it. */
export class TrackedMapState<K, V> implements MapState<K, V> {
  readonly #state: MapState<K, V>;
  readonly #get: AccessLatency;
  readonly #put: AccessLatency;
  readonly #putAll: AccessLatency;
  readonly #remove: AccessLatency;
  readonly #contains: AccessLatency;
  readonly #isEmpty: AccessLatency;
  readonly #entries: AccessLatency;
  readonly #keys: AccessLatency;
  readonly #values: AccessLatency;
  readonly #next: AccessLatency;
  readonly #clear: AccessLatency;

  constructor(state: MapState<K, V>, latencies: StateLatencies) {
    this.#state = state;
    this.#get = latencies.of('mapStateGetLatency');
    this.#put = latencies.of('mapStatePutLatency');
    this.#putAll = latencies.of('mapStatePutAllLatency');
    this.#remove = latencies.of('mapStateRemoveLatency');
    this.#contains = latencies.of('mapStateContainsLatency');
    this.#isEmpty = latencies.of('mapStateIsEmptyLatency');
    this.#entries = latencies.of('mapStateEntriesInitLatency');
    this.#keys = latencies.of('mapStateKeysInitLatency');
    this.#values = latencies.of('mapStateValuesInitLatency');
    this.#next = latencies.of('mapStateIteratorNextLatency');
    this.#clear = latencies.of('stateClearLatency');
  }

  get(key: K): V | undefined {
    const begun = this.#get.begin();
    const value = this.#state.get(key);
    this.#get.end(begun);
    return value;
  }

  put(key: K, value: V): void {
    const begun = this.#put.begin();
    this.#state.put(key, value);
    this.#put.end(begun);
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    const begun = this.#putAll.begin();
    this.#state.putAll(entries);
    this.#putAll.end(begun);
  }

  remove(key: K): void {
    const begun = this.#remove.begin();
    this.#state.remove(key);
    this.#remove.end(begun);
  }

  contains(key: K): boolean {
    const begun = this.#contains.begin();
    const contained = this.#state.contains(key);
    this.#contains.end(begun);
    return contained;
  }

  entries(): Iterable<readonly [K, V]> {
    const begun = this.#entries.begin();
    const entries = this.#state.entries();
    this.#entries.end(begun);
    return this.#timed(entries);
  }

  keys(): Iterable<K> {
    const begun = this.#keys.begin();
    const keys = this.#state.keys();
    this.#keys.end(begun);
    return this.#timed(keys);
  }

  values(): Iterable<V> {
    const begun = this.#values.begin();
    const values = this.#state.values();
    this.#values.end(begun);
    return this.#timed(values);
  }

  isEmpty(): boolean {
    const begun = this.#isEmpty.begin();
    const empty = this.#state.isEmpty();
    this.#isEmpty.end(begun);
    return empty;
  }

  clear(): void {
    const begun = this.#clear.begin();
    this.#state.clear();
    this.#clear.end(begun);
  }

  *#timed<T>(items: Iterable<T>): Iterable<T> {
    const iterator = items[Symbol.iterator]();
    try {
      for (;;) {
        const begun = this.#next.begin();
        const step = iterator.next();
        this.#next.end(begun);
        if (step.done === true) return;
        yield step.value;
      }
    } finally {
      iterator.return?.();
    }
  }
}
