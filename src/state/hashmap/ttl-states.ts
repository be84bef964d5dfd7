import type { ReduceLike } from '../../functions/basic.ts';
import type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from '../../functions/state.ts';
import type { AggregateFunction } from '../../functions/window.ts';
import { keyFromIdentity } from '../key-encoding.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import type { Cell } from './cells.ts';
import { mapKey } from './states.ts';
import type { Stamped, TtlClock } from './ttl-clock.ts';

/** The one value of a cell, as a read sees it: renewed or removed as its rules say. */
function readValue<T>(cell: Cell<Stamped<T>>, clock: TtlClock): T | undefined {
  clock.cleanUp();
  const stamped = cell.get();
  if (stamped === undefined) return undefined;
  if (clock.isExpired(stamped)) {
    cell.clear();
    return clock.showsExpired ? stamped.value : undefined;
  }
  if (clock.renewsOnRead) {
    clock.renew(stamped);
    cell.modified();
  }
  return stamped.value;
}

/** The value that a fold goes on from. */
function foldedValue<T>(cell: Cell<Stamped<T>>, clock: TtlClock): T | undefined {
  clock.cleanUp();
  const stamped = cell.get();
  return stamped !== undefined && clock.isVisible(stamped) ? stamped.value : undefined;
}

export class TtlValueState<T> implements ValueState<T> {
  readonly #cell: Cell<Stamped<T>>;
  readonly #clock: TtlClock;
  readonly #defaultValue: T | undefined;

  constructor(cell: Cell<Stamped<T>>, clock: TtlClock, defaultValue: T | undefined) {
    this.#cell = cell;
    this.#clock = clock;
    this.#defaultValue = defaultValue;
  }

  value(): T | undefined {
    const value = readValue(this.#cell, this.#clock);
    return value === undefined ? this.#defaultValue : value;
  }

  update(value: T): void {
    this.#clock.cleanUp();
    if (value === undefined) this.#cell.clear();
    else this.#cell.set(this.#clock.stamp(value));
  }

  clear(): void {
    this.#cell.clear();
  }
}

/** Each element has its own time. */
export class TtlListState<T> implements ListState<T> {
  readonly #cell: Cell<Stamped<T>[]>;
  readonly #clock: TtlClock;

  constructor(cell: Cell<Stamped<T>[]>, clock: TtlClock) {
    this.#cell = cell;
    this.#clock = clock;
  }

  get(): readonly T[] {
    const clock = this.#clock;
    clock.cleanUp();
    const list = this.#cell.get();
    if (list === undefined) return [];
    const live = list.filter((element) => !clock.isExpired(element));
    if (live.length === 0) this.#cell.clear();
    else if (live.length < list.length) this.#cell.set(live);
    if (clock.renewsOnRead && live.length > 0) {
      for (const element of live) clock.renew(element);
      this.#cell.modified();
    }
    return (clock.showsExpired ? list : live).map(({ value }) => value);
  }

  add(value: T): void {
    this.#clock.cleanUp();
    const list = this.#cell.get();
    if (list === undefined) return this.#cell.set([this.#clock.stamp(value)]);
    list.push(this.#clock.stamp(value));
    this.#cell.modified();
  }

  addAll(values: readonly T[]): void {
    for (const value of values) this.add(value);
  }

  update(values: readonly T[]): void {
    this.#clock.cleanUp();
    if (values.length === 0) this.#cell.clear();
    else this.#cell.set(values.map((value) => this.#clock.stamp(value)));
  }

  clear(): void {
    this.#cell.clear();
  }
}

/** Each entry has its own time. */
export class TtlMapState<K, V> implements MapState<K, V> {
  readonly #cell: Cell<Map<KeyIdentity, Stamped<V>>>;
  readonly #clock: TtlClock;

  constructor(cell: Cell<Map<KeyIdentity, Stamped<V>>>, clock: TtlClock) {
    this.#cell = cell;
    this.#clock = clock;
  }

  get(key: K): V | undefined {
    return this.#read(key)?.value;
  }

  put(key: K, value: V): void {
    this.#clock.cleanUp();
    const map = this.#cell.get();
    const stamped = this.#clock.stamp(value);
    if (map === undefined) return this.#cell.set(new Map([[mapKey(key), stamped]]));
    map.set(mapKey(key), stamped);
    this.#cell.modified();
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) this.put(key, value);
  }

  remove(key: K): void {
    this.#clock.cleanUp();
    const map = this.#cell.get();
    if (map === undefined) return;
    if (!map.delete(mapKey(key))) return;
    if (map.size === 0) this.#cell.clear();
    else this.#cell.modified();
  }

  /** Counts as a read of the entry. */
  contains(key: K): boolean {
    return this.#read(key) !== undefined;
  }

  *entries(): Iterable<readonly [K, V]> {
    for (const [identity, { value }] of this.#readAll()) yield [keyFromIdentity(identity) as K, value];
  }

  *keys(): Iterable<K> {
    for (const [identity] of this.#readAll()) yield keyFromIdentity(identity) as K;
  }

  *values(): Iterable<V> {
    for (const [, { value }] of this.#readAll()) yield value;
  }

  isEmpty(): boolean {
    this.#clock.cleanUp();
    for (const stamped of this.#cell.get()?.values() ?? []) if (this.#clock.isVisible(stamped)) return false;
    return true;
  }

  clear(): void {
    this.#cell.clear();
  }

  #read(key: K): Stamped<V> | undefined {
    const clock = this.#clock;
    clock.cleanUp();
    const map = this.#cell.get();
    const identity = mapKey(key);
    const stamped = map?.get(identity);
    if (map === undefined || stamped === undefined) return undefined;
    if (clock.isExpired(stamped)) {
      map.delete(identity);
      if (map.size === 0) this.#cell.clear();
      else this.#cell.modified();
      return clock.showsExpired ? stamped : undefined;
    }
    if (clock.renewsOnRead) {
      clock.renew(stamped);
      this.#cell.modified();
    }
    return stamped;
  }

  /** The entries as a read sees them, fixed before the caller may change the map. */
  #readAll(): readonly (readonly [KeyIdentity, Stamped<V>])[] {
    const clock = this.#clock;
    clock.cleanUp();
    const map = this.#cell.get();
    if (map === undefined) return [];
    const seen: [KeyIdentity, Stamped<V>][] = [];
    const sizeBefore = map.size;
    for (const [identity, stamped] of map) {
      const expired = clock.isExpired(stamped);
      if (expired) map.delete(identity);
      else if (clock.renewsOnRead) clock.renew(stamped);
      if (!expired || clock.showsExpired) seen.push([identity, stamped]);
    }
    if (map.size === 0) this.#cell.clear();
    else if (clock.renewsOnRead || map.size < sizeBefore) this.#cell.modified();
    return seen;
  }
}

export class TtlReducingState<T> implements ReducingState<T> {
  readonly #cell: Cell<Stamped<T>>;
  readonly #clock: TtlClock;
  readonly #reduce: (accumulated: T, value: T) => T;

  constructor(cell: Cell<Stamped<T>>, clock: TtlClock, reduce: ReduceLike<T>) {
    this.#cell = cell;
    this.#clock = clock;
    this.#reduce =
      typeof reduce === 'function' ? reduce : (accumulated, value) => reduce.reduce(accumulated, value);
  }

  get(): T | undefined {
    return readValue(this.#cell, this.#clock);
  }

  add(value: T): void {
    const accumulated = foldedValue(this.#cell, this.#clock);
    const reduced = accumulated === undefined ? value : this.#reduce(accumulated, value);
    this.#cell.set(this.#clock.stamp(reduced));
  }

  clear(): void {
    this.#cell.clear();
  }
}

export class TtlAggregatingState<I, A, O> implements AggregatingState<I, O> {
  readonly #cell: Cell<Stamped<A>>;
  readonly #clock: TtlClock;
  readonly #aggregate: AggregateFunction<I, A, O>;

  constructor(cell: Cell<Stamped<A>>, clock: TtlClock, aggregate: AggregateFunction<I, A, O>) {
    this.#cell = cell;
    this.#clock = clock;
    this.#aggregate = aggregate;
  }

  get(): O | undefined {
    const accumulator = readValue(this.#cell, this.#clock);
    return accumulator === undefined ? undefined : this.#aggregate.getResult(accumulator);
  }

  add(value: I): void {
    const accumulator = foldedValue(this.#cell, this.#clock) ?? this.#aggregate.createAccumulator();
    const after = this.#aggregate.add(value, accumulator) as A | undefined;
    this.#cell.set(this.#clock.stamp(after === undefined ? accumulator : after));
  }

  clear(): void {
    this.#cell.clear();
  }
}
