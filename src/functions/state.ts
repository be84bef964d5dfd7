import type { AggregateFunction } from './window.ts';
import type { ReduceLike } from './basic.ts';
import { UserError } from '../base/errors.ts';
import type { StateSchema } from './state-migration.ts';
import type { StateTtlConfig } from './state-ttl.ts';
import { TypeInformation } from './types/index.ts';

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

/**
 * Names a state within its operator; the name is part of the savepoint format. Declared types of what it holds are its schema
 * there.
 */
export abstract class StateDescriptor {
  readonly name: string;
  #ttlConfig: StateTtlConfig | undefined;
  #schema: StateSchema | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Lets the state's values expire; call it before the state is opened. Keyed state only. */
  enableTimeToLive(config: StateTtlConfig): void {
    this.#ttlConfig = config;
  }

  /** Of a value, reducing or aggregating state the value or accumulator, of a list its elements, of a map its values. */
  abstract get declaredType(): TypeInformation<unknown> | undefined;

  get ttlConfig(): StateTtlConfig | undefined {
    return this.#ttlConfig;
  }

  /**
   * Says that values have another schema than those of earlier savepoints; call it before the state is opened. Values are migrated when
   * the state is opened by a job that begins from one. Keyed state only.
   *
   * @example descriptor.enableMigration(Migrations.of(Migrations.rename('cents', 'amount'), Migrations.add('currency', 'EUR')))
   * @throws UserError for a version below 2
   */
  enableMigration(schema: StateSchema): void {
    if (!Number.isInteger(schema.version) || schema.version < 2)
      throw new UserError(
        `state "${this.name}": a migration leads to schema version 2 or a later one, not ${schema.version}`,
      );
    this.#schema = schema;
  }

  get schema(): StateSchema | undefined {
    return this.#schema;
  }
}

export class ValueStateDescriptor<T> extends StateDescriptor {
  readonly kind = 'value';
  readonly valueType: TypeInformation<T> | undefined;
  readonly defaultValue: T | undefined;

  /** `new ValueStateDescriptor('count', 0)`, or with the type declared: `('count', Types.LONG, 0)`. */
  constructor(name: string, type: TypeInformation<T>, defaultValue?: T);
  constructor(name: string, defaultValue?: T);
  constructor(name: string, typeOrDefault?: TypeInformation<T> | T, defaultValue?: T) {
    super(name);
    const typed = typeOrDefault instanceof TypeInformation;
    this.valueType = typed ? typeOrDefault : undefined;
    this.defaultValue = typed ? defaultValue : typeOrDefault;
  }

  get declaredType(): TypeInformation<T> | undefined {
    return this.valueType;
  }
}

export class ListStateDescriptor<T> extends StateDescriptor {
  readonly kind = 'list';
  readonly elementType: TypeInformation<T> | undefined;

  constructor(name: string, elementType?: TypeInformation<T>) {
    super(name);
    this.elementType = elementType;
  }

  get declaredType(): TypeInformation<T> | undefined {
    return this.elementType;
  }
}

export class MapStateDescriptor<K, V> extends StateDescriptor {
  readonly kind = 'map';
  readonly keyType: TypeInformation<K> | undefined;
  readonly valueType: TypeInformation<V> | undefined;

  constructor(name: string, keyType?: TypeInformation<K>, valueType?: TypeInformation<V>) {
    super(name);
    this.keyType = keyType;
    this.valueType = valueType;
  }

  get declaredType(): TypeInformation<V> | undefined {
    return this.valueType;
  }
}

export class ReducingStateDescriptor<T> extends StateDescriptor {
  readonly kind = 'reducing';
  readonly reduce: ReduceLike<T>;
  readonly valueType: TypeInformation<T> | undefined;

  constructor(name: string, reduce: ReduceLike<T>, type?: TypeInformation<T>) {
    super(name);
    this.reduce = reduce;
    this.valueType = type;
  }

  get declaredType(): TypeInformation<T> | undefined {
    return this.valueType;
  }
}

export class AggregatingStateDescriptor<I, A, O> extends StateDescriptor {
  readonly kind = 'aggregating';
  readonly aggregate: AggregateFunction<I, A, O>;
  readonly accumulatorType: TypeInformation<A> | undefined;

  constructor(name: string, aggregate: AggregateFunction<I, A, O>, accumulatorType?: TypeInformation<A>) {
    super(name);
    this.aggregate = aggregate;
    this.accumulatorType = accumulatorType;
  }

  get declaredType(): TypeInformation<A> | undefined {
    return this.accumulatorType;
  }
}
