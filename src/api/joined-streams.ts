import { UserError } from '../base/errors.ts';
import type { WindowAssigner } from '../dataplane/window/index.ts';
import { mapOperator } from '../dataplane/operators/index.ts';
import type { DurationLike } from '../base/time.ts';
import type { Collector, Key, KeySelector } from '../functions/basic.ts';
import type { DataStream, SingleOutputStreamOperator } from './data-stream.ts';
import { fieldOf } from './output-types.ts';
import type { WindowedStream } from './windowed-stream.ts';

/** A record of either input on its way through one window operator. */
interface Tagged<T1, T2> {
  readonly first?: T1;
  readonly second?: T2;
}

/** Sees the records of both inputs of one key and window. */
export type CoGroupFunction<T1, T2, O> = (
  first: readonly T1[],
  second: readonly T2[],
  out: Collector<O>,
) => void;

/** Makes one record of each pair. */
export type JoinFunction<T1, T2, O> = (first: T1, second: T2) => O;
/** Makes any number of records of each pair. */
export type FlatJoinFunction<T1, T2, O> = (first: T1, second: T2, out: Collector<O>) => void;

/** The streams of a window join before keys and window are given, as Flink's `coGroup().where().equalTo().window()`. */
abstract class TwoStreams<T1, T2, Windowed> {
  readonly #first: DataStream<T1>;
  readonly #second: DataStream<T2>;

  constructor(first: DataStream<T1>, second: DataStream<T2>) {
    this.#first = first;
    this.#second = second;
  }

  /** Key of the first stream. */
  where<K extends Key>(
    firstKey: KeySelector<T1, K>,
  ): { equalTo(secondKey: KeySelector<T2, K>): { window(assigner: WindowAssigner): Windowed } } {
    checkKey(firstKey, 'where');
    return {
      equalTo: (secondKey) => {
        checkKey(secondKey, 'equalTo');
        return { window: (assigner) => this.windowed(this.#window(firstKey, secondKey, assigner)) };
      },
    };
  }

  protected abstract windowed(stream: WindowedStream<Tagged<T1, T2>, Key>): Windowed;

  #window<K extends Key>(
    firstKey: KeySelector<T1, K>,
    secondKey: KeySelector<T2, K>,
    assigner: WindowAssigner,
  ): WindowedStream<Tagged<T1, T2>, Key> {
    type Both = Tagged<T1, T2>;
    const tagged = this.#first
      .transform<Both>(
        'first of two',
        mapOperator((first: T1): Both => ({ first })),
        fieldOf('first'),
      )
      .union(
        this.#second.transform<Both>(
          'second of two',
          mapOperator((second: T2): Both => ({ second })),
          fieldOf('second'),
        ),
      );
    const key = (record: Tagged<T1, T2>): Key =>
      'first' in record ? firstKey(record.first as T1) : secondKey(record.second as T2);
    return tagged.keyBy(key).window(assigner);
  }
}

function checkKey(selector: unknown, method: string): void {
  if (typeof selector === 'function') return;
  throw new UserError(
    `${method}() of a join needs a function that returns the key of a record, such as (order) => order.customer, got ${typeof selector}`,
  );
}

export class CoGroupedStreams<T1, T2> extends TwoStreams<T1, T2, CoGroupWindow<T1, T2>> {
  protected windowed(stream: WindowedStream<Tagged<T1, T2>, Key>): CoGroupWindow<T1, T2> {
    return new CoGroupWindow(stream);
  }
}

export class JoinedStreams<T1, T2> extends TwoStreams<T1, T2, JoinWindow<T1, T2>> {
  protected windowed(stream: WindowedStream<Tagged<T1, T2>, Key>): JoinWindow<T1, T2> {
    return new JoinWindow(stream);
  }
}

/** Two streams grouped by key and window. */
export class CoGroupWindow<T1, T2> {
  readonly #stream: WindowedStream<Tagged<T1, T2>, Key>;

  constructor(stream: WindowedStream<Tagged<T1, T2>, Key>) {
    this.#stream = stream;
  }

  allowedLateness(lateness: DurationLike): this {
    this.#stream.allowedLateness(lateness);
    return this;
  }

  /** Called once per key and window that has a record of either stream. */
  apply<O>(fn: CoGroupFunction<T1, T2, O>): SingleOutputStreamOperator<O> {
    return this.#stream
      .process<O>((_key, _context, records, out) => {
        const first: T1[] = [];
        const second: T2[] = [];
        for (const record of records) {
          if ('first' in record) first.push(record.first as T1);
          else second.push(record.second as T2);
        }
        fn(first, second, out);
      })
      .name('Window(CoGroup)');
  }
}

/** Two streams joined by key and window. */
export class JoinWindow<T1, T2> {
  readonly #grouped: CoGroupWindow<T1, T2>;

  constructor(stream: WindowedStream<Tagged<T1, T2>, Key>) {
    this.#grouped = new CoGroupWindow(stream);
  }

  allowedLateness(lateness: DurationLike): this {
    this.#grouped.allowedLateness(lateness);
    return this;
  }

  /** Called for each pair; a function of three parameters emits through its collector. */
  apply<O>(fn: JoinFunction<T1, T2, O>): SingleOutputStreamOperator<O>;
  apply<O>(fn: FlatJoinFunction<T1, T2, O>): SingleOutputStreamOperator<O>;
  apply<O>(fn: JoinFunction<T1, T2, O> | FlatJoinFunction<T1, T2, O>): SingleOutputStreamOperator<O> {
    const flat = fn.length > 2;
    return this.#grouped
      .apply<O>((first, second, out) => {
        for (const a of first) {
          for (const b of second) {
            if (flat) (fn as FlatJoinFunction<T1, T2, O>)(a, b, out);
            else out.collect((fn as JoinFunction<T1, T2, O>)(a, b));
          }
        }
      })
      .name('Window(Join)');
  }
}
