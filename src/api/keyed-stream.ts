import type { OperatorFactory } from '../dataplane/chain/operator.ts';
import { keyedProcessOperator, keyedReduceOperator } from '../dataplane/operators/index.ts';
import type { WindowAssigner } from '../dataplane/window/index.ts';
import type { FilterLike, FlatMapLike, Key, KeySelector, MapLike, ReduceLike } from '../functions/basic.ts';
import type { KeyedProcessFunction } from '../functions/process.ts';
import { fieldReducer } from './aggregations.ts';
import type { FieldAggregation } from './aggregations.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import type { NumberFields } from './key-selector.ts';
import { KeyedFilter, KeyedFlatMap, KeyedMap } from './keyed-functions.ts';
import { WindowedStream } from './windowed-stream.ts';

/** Adds an operator behind a hash exchange on the stream's key. */
export type AddOperator = <O>(name: string, factory: OperatorFactory) => SingleOutputStreamOperator<O>;

/** A stream partitioned by key: its operators have keyed state and timers. */
export class KeyedStream<T, K extends Key> {
  readonly #add: AddOperator;
  readonly #keySelector: KeySelector<T, K>;

  constructor(add: AddOperator, keySelector: KeySelector<T, K>) {
    this.#add = add;
    this.#keySelector = keySelector;
  }

  /** Folds the records of each key; emits the value so far after each record. */
  reduce(fn: ReduceLike<T>): SingleOutputStreamOperator<T> {
    return this.#add('Keyed Reduce', keyedReduceOperator(this.#selector(), fn as ReduceLike<unknown>));
  }

  sum(field: NumberFields<T>): SingleOutputStreamOperator<T> {
    return this.#rolling('sum', field);
  }

  min(field: NumberFields<T>): SingleOutputStreamOperator<T> {
    return this.#rolling('min', field);
  }

  max(field: NumberFields<T>): SingleOutputStreamOperator<T> {
    return this.#rolling('max', field);
  }

  /** The record with the smallest value so far. */
  minBy(field: NumberFields<T>): SingleOutputStreamOperator<T> {
    return this.#rolling('minBy', field);
  }

  /** The record with the largest value so far. */
  maxBy(field: NumberFields<T>): SingleOutputStreamOperator<T> {
    return this.#rolling('maxBy', field);
  }

  /** As on any stream; a rich function has keyed state here. */
  map<O>(fn: MapLike<T, O>): SingleOutputStreamOperator<O> {
    return this.#add('Map', this.#keyed(new KeyedMap<K, T, O>(fn)));
  }

  /** As on any stream; a rich function has keyed state here. */
  filter(fn: FilterLike<T>): SingleOutputStreamOperator<T> {
    return this.#add('Filter', this.#keyed(new KeyedFilter<K, T>(fn)));
  }

  /** As on any stream; a rich function has keyed state here. */
  flatMap<O>(fn: FlatMapLike<T, O>): SingleOutputStreamOperator<O> {
    return this.#add('Flat Map', this.#keyed(new KeyedFlatMap<K, T, O>(fn)));
  }

  /** State, timers and side outputs per key. */
  process<O>(fn: KeyedProcessFunction<K, T, O>): SingleOutputStreamOperator<O> {
    return this.#add('Keyed Process', this.#keyed(fn));
  }

  /** Groups the records of each key by time. */
  window(assigner: WindowAssigner): WindowedStream<T, K> {
    return new WindowedStream(this.#add, this.#keySelector, assigner);
  }

  #rolling(kind: FieldAggregation, field: NumberFields<T>): SingleOutputStreamOperator<T> {
    const factory = keyedReduceOperator(
      this.#selector(),
      fieldReducer<T>(kind, field) as ReduceLike<unknown>,
    );
    return this.#add(`Keyed ${kind}`, factory);
  }

  #keyed<O>(fn: KeyedProcessFunction<K, T, O>): OperatorFactory {
    return keyedProcessOperator(this.#selector(), fn);
  }

  #selector(): KeySelector<unknown> {
    return this.#keySelector as KeySelector<unknown>;
  }
}
