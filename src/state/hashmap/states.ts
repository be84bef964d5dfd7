import { UserError } from '../../base/errors.ts';
import type { ReduceLike } from '../../functions/basic.ts';
import type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from '../../functions/state.ts';
import type { AggregateFunction } from '../../functions/window.ts';
import { keyFromIdentity, keyIdentity } from '../key-encoding.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import type { Cell } from './cells.ts';

/** The states users see, over a cell each. */
export class HashMapValueState<T> implements ValueState<T> {
  readonly #cell: Cell<T>;
  readonly #defaultValue: T | undefined;

  constructor(cell: Cell<T>, defaultValue: T | undefined) {
    this.#cell = cell;
    this.#defaultValue = defaultValue;
  }

  value(): T | undefined {
    const value = this.#cell.get();
    return value === undefined ? this.#defaultValue : value;
  }

  update(value: T): void {
    if (value === undefined) this.#cell.clear();
    else this.#cell.set(value);
  }

  clear(): void {
    this.#cell.clear();
  }
}

const EMPTY: readonly never[] = Object.freeze([]);

export class HashMapListState<T> implements ListState<T> {
  readonly #cell: Cell<T[]>;

  constructor(cell: Cell<T[]>) {
    this.#cell = cell;
  }

  get(): readonly T[] {
    return this.#cell.get() ?? EMPTY;
  }

  add(value: T): void {
    const list = this.#cell.get();
    if (list === undefined) return this.#cell.set([value]);
    list.push(value);
    this.#cell.modified();
  }

  addAll(values: readonly T[]): void {
    for (const value of values) this.add(value);
  }

  update(values: readonly T[]): void {
    if (values.length === 0) this.#cell.clear();
    else this.#cell.set([...values]);
  }

  clear(): void {
    this.#cell.clear();
  }
}

/** Map keys compare as record keys do: primitives by value, arrays of primitives by content. */
export class HashMapMapState<K, V> implements MapState<K, V> {
  readonly #cell: Cell<Map<KeyIdentity, V>>;

  constructor(cell: Cell<Map<KeyIdentity, V>>) {
    this.#cell = cell;
  }

  get(key: K): V | undefined {
    return this.#cell.get()?.get(mapKey(key));
  }

  put(key: K, value: V): void {
    const map = this.#cell.get();
    if (map === undefined) return this.#cell.set(new Map([[mapKey(key), value]]));
    map.set(mapKey(key), value);
    this.#cell.modified();
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) this.put(key, value);
  }

  remove(key: K): void {
    const map = this.#cell.get();
    if (map === undefined) return;
    if (!map.delete(mapKey(key))) return;
    if (map.size === 0) this.#cell.clear();
    else this.#cell.modified();
  }

  contains(key: K): boolean {
    return this.#cell.get()?.has(mapKey(key)) ?? false;
  }

  *entries(): Iterable<readonly [K, V]> {
    for (const [identity, value] of this.#cell.get() ?? []) yield [keyFromIdentity(identity) as K, value];
  }

  *keys(): Iterable<K> {
    for (const identity of this.#cell.get()?.keys() ?? []) yield keyFromIdentity(identity) as K;
  }

  values(): Iterable<V> {
    return this.#cell.get()?.values() ?? EMPTY;
  }

  isEmpty(): boolean {
    return this.#cell.get() === undefined;
  }

  clear(): void {
    this.#cell.clear();
  }
}

export class HashMapReducingState<T> implements ReducingState<T> {
  readonly #cell: Cell<T>;
  readonly #reduce: (accumulated: T, value: T) => T;

  constructor(cell: Cell<T>, reduce: ReduceLike<T>) {
    this.#cell = cell;
    this.#reduce =
      typeof reduce === 'function' ? reduce : (accumulated, value) => reduce.reduce(accumulated, value);
  }

  get(): T | undefined {
    return this.#cell.get();
  }

  add(value: T): void {
    const accumulated = this.#cell.get();
    this.#cell.set(accumulated === undefined ? value : this.#reduce(accumulated, value));
  }

  clear(): void {
    this.#cell.clear();
  }
}

export class HashMapAggregatingState<I, A, O> implements AggregatingState<I, O> {
  readonly #cell: Cell<A>;
  readonly #aggregate: AggregateFunction<I, A, O>;

  constructor(cell: Cell<A>, aggregate: AggregateFunction<I, A, O>) {
    this.#cell = cell;
    this.#aggregate = aggregate;
  }

  get(): O | undefined {
    const accumulator = this.#cell.get();
    return accumulator === undefined ? undefined : this.#aggregate.getResult(accumulator);
  }

  add(value: I): void {
    const before = this.#cell.get();
    const accumulator = before ?? this.#aggregate.createAccumulator();
    const after = this.#aggregate.add(value, accumulator) as A | undefined;
    if (after !== undefined) this.#cell.set(after);
    else if (before === undefined) this.#cell.set(accumulator);
    else this.#cell.modified();
  }

  clear(): void {
    this.#cell.clear();
  }
}

/** @throws UserError for what cannot be a key */
export function mapKey(key: unknown): KeyIdentity {
  try {
    return keyIdentity(key);
  } catch (cause) {
    throw new UserError(
      'a key of a MapState must be a string, number, bigint, boolean, null, or an array of these',
      { cause },
    );
  }
}
