import { UserError } from '../base/errors.ts';
import type { OperatorFactory } from '../dataplane/chain/operator.ts';
import { keyedProcessOperator, keyedReduceOperator } from '../dataplane/operators/index.ts';
import { GlobalWindows } from '../dataplane/window/index.ts';
import type { WindowAssigner } from '../dataplane/window/index.ts';
import { CountEvictor } from '../functions/evictor.ts';
import { CountTrigger, PurgingTrigger } from '../functions/triggers.ts';
import type { FilterLike, FlatMapLike, Key, KeySelector, MapLike, ReduceLike } from '../functions/basic.ts';
import type { KeyedProcessFunction } from '../functions/process.ts';
import { fieldReducer } from './aggregations.ts';
import type { FieldAggregation } from './aggregations.ts';
import { BroadcastConnectedStream, ConnectedStreams } from './connected-streams.ts';
import type { BroadcastStream, DataStream, SingleOutputStreamOperator } from './data-stream.ts';
import { IntervalJoin } from './interval-join.ts';
import type { NumberFields } from './key-selector.ts';
import { KeyedFilter, KeyedFlatMap, KeyedMap } from './keyed-functions.ts';
import { fieldUse, SAME_TYPE } from './output-types.ts';
import { WindowedStream } from './windowed-stream.ts';
import type { AddOperator } from './windowed-stream.ts';

/** A stream partitioned by key: its operators have keyed state and timers. */
export class KeyedStream<T, K extends Key> {
  readonly #stream: DataStream<T>;
  readonly #keySelector: KeySelector<T, K>;
  readonly #keyFields: readonly string[] | undefined;

  /**
   * @param stream partitioned by the hash of the key
   * @param keyFields names of the fields that make the key, where it is made of fields
   */
  constructor(stream: DataStream<T>, keySelector: KeySelector<T, K>, keyFields?: readonly string[]) {
    this.#stream = stream;
    this.#keySelector = keySelector;
    this.#keyFields = keyFields;
  }

  /** Reads this stream and another one, keyed alike or broadcast, in one operator. */
  connect<U>(other: KeyedStream<U, K>): ConnectedStreams<T, U, K>;
  connect<U>(other: BroadcastStream<U>): BroadcastConnectedStream<T, U, K>;
  connect<U>(
    other: KeyedStream<U, K> | BroadcastStream<U>,
  ): ConnectedStreams<T, U, K> | BroadcastConnectedStream<T, U, K> {
    const stream = this.#stream;
    if (!(other instanceof KeyedStream)) {
      return new BroadcastConnectedStream<T, U, K>(
        (name, factory) => stream.transformWith(name, factory, other.stream),
        this.#selector(),
      );
    }
    const second = other.#stream;
    return new ConnectedStreams<T, U, K>(
      (name, factory) => stream.transformWith(name, factory, second),
      [this.#selector(), other.#selector()],
      (one, two) => (name, factory) => stream.hashed(one).transformWith(name, factory, second.hashed(two)),
    );
  }

  /** Joins each record with those of another stream of the same key whose time is near: `between(lower, upper)`. */
  intervalJoin<U>(other: KeyedStream<U, K>): IntervalJoin<T, U, K> {
    return new IntervalJoin<T, U, K>(this.connect(other));
  }

  /** Folds the records of each key; emits the value so far after each record. */
  reduce(fn: ReduceLike<T>): SingleOutputStreamOperator<T> {
    return this.#stream.transform(
      'Keyed Reduce',
      keyedReduceOperator(this.#selector(), fn as ReduceLike<unknown>),
      SAME_TYPE,
    );
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
    return this.#stream.transform('Map', this.#keyed(new KeyedMap<K, T, O>(fn)));
  }

  /** As on any stream; a rich function has keyed state here. */
  filter(fn: FilterLike<T>): SingleOutputStreamOperator<T> {
    return this.#stream.transform('Filter', this.#keyed(new KeyedFilter<K, T>(fn)), SAME_TYPE);
  }

  /** As on any stream; a rich function has keyed state here. */
  flatMap<O>(fn: FlatMapLike<T, O>): SingleOutputStreamOperator<O> {
    return this.#stream.transform('Flat Map', this.#keyed(new KeyedFlatMap<K, T, O>(fn)));
  }

  /** State, timers and side outputs per key. */
  process<O>(fn: KeyedProcessFunction<K, T, O>): SingleOutputStreamOperator<O> {
    return this.#stream.transform('Keyed Process', this.#keyed(fn));
  }

  /** Groups the records of each key by time. */
  window(assigner: WindowAssigner): WindowedStream<T, K> {
    return new WindowedStream(this.#add, this.#keySelector, assigner, { keyFields: this.#keyFields });
  }

  /** Windows of `size` records of a key; with `slide`, one every `slide` records over the last `size`. */
  countWindow(size: number, slide?: number): WindowedStream<T, K> {
    for (const count of [size, slide ?? 1]) {
      if (!Number.isSafeInteger(count) || count < 1)
        throw new UserError(`countWindow needs a size and a slide of at least 1, got ${count}`);
    }
    const windows = new WindowedStream(this.#add, this.#keySelector, GlobalWindows.create(), {
      keyFields: this.#keyFields,
      foldEvicted: true,
    });
    if (slide === undefined) return windows.trigger(PurgingTrigger.of(CountTrigger.of(size)));
    return windows.evictor(CountEvictor.of<T>(size)).trigger(CountTrigger.of(slide));
  }

  #rolling(kind: FieldAggregation, field: NumberFields<T>): SingleOutputStreamOperator<T> {
    const factory = keyedReduceOperator(
      this.#selector(),
      fieldReducer<T>(kind, field) as ReduceLike<unknown>,
    );
    return this.#stream.transform(`Keyed ${kind}`, factory, {
      ...SAME_TYPE,
      ...fieldUse(this.#keyFields, [field], true),
    });
  }

  readonly #add: AddOperator = (name, factory, traits) => this.#stream.transform(name, factory, traits);

  #keyed<O>(fn: KeyedProcessFunction<K, T, O>): OperatorFactory {
    return keyedProcessOperator(this.#selector(), fn);
  }

  #selector(): KeySelector<unknown> {
    return this.#keySelector as KeySelector<unknown>;
  }
}
