import type { AggregateFunction } from './window.ts';
import type { ReduceLike } from './basic.ts';
import type { StateTtlConfig } from './state-ttl.ts';

/** One value per key. */
export interface ValueState<T> {
  /** The value, or the descriptor's default (`undefined` where none is given). */
  value(): T | undefined;
  update(value: T): void;
  clear(): void;
}

/** A list per key. */
export interface ListState<T> {
  get(): readonly T[];
  add(value: T): void;
  addAll(values: readonly T[]): void;
  update(values: readonly T[]): void;
  clear(): void;
}

/** A map per key; iteration in order of insertion. */
export interface MapState<K, V> {
  get(key: K): V | undefined;
  put(key: K, value: V): void;
  putAll(entries: Iterable<readonly [K, V]>): void;
  remove(key: K): void;
  contains(key: K): boolean;
  entries(): Iterable<readonly [K, V]>;
  keys(): Iterable<K>;
  values(): Iterable<V>;
  isEmpty(): boolean;
  clear(): void;
}

/** One value per key, folded by a reduce function. */
export interface ReducingState<T> {
  get(): T | undefined;
  add(value: T): void;
  clear(): void;
}

/** One accumulator per key, folded by an aggregate function. */
export interface AggregatingState<I, O> {
  get(): O | undefined;
  add(value: I): void;
  clear(): void;
}

/** Names a state within its operator; the name is part of the savepoint format. */
export abstract class StateDescriptor {
  readonly name: string;
  #ttlConfig: StateTtlConfig | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Lets the state's values expire; call it before the state is opened. Keyed state only. */
  enableTimeToLive(config: StateTtlConfig): void {
    this.#ttlConfig = config;
  }

  get ttlConfig(): StateTtlConfig | undefined {
    return this.#ttlConfig;
  }
}

export class ValueStateDescriptor<T> extends StateDescriptor {
  readonly kind = 'value';
  readonly defaultValue: T | undefined;

  constructor(name: string, defaultValue?: T) {
    super(name);
    this.defaultValue = defaultValue;
  }
}

/** `T` lives only in the type: it ties the descriptor to the state it opens. */
export class ListStateDescriptor<T> extends StateDescriptor {
  readonly kind = 'list';
  declare readonly elementType?: T;
}

export class MapStateDescriptor<K, V> extends StateDescriptor {
  readonly kind = 'map';
  declare readonly entryType?: readonly [K, V];
}

export class ReducingStateDescriptor<T> extends StateDescriptor {
  readonly kind = 'reducing';
  readonly reduce: ReduceLike<T>;

  constructor(name: string, reduce: ReduceLike<T>) {
    super(name);
    this.reduce = reduce;
  }
}

export class AggregatingStateDescriptor<I, A, O> extends StateDescriptor {
  readonly kind = 'aggregating';
  readonly aggregate: AggregateFunction<I, A, O>;

  constructor(name: string, aggregate: AggregateFunction<I, A, O>) {
    super(name);
    this.aggregate = aggregate;
  }
}
