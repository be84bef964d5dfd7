import { UserError } from '../base/errors.ts';
import type { OperatorFactory } from '../dataplane/chain/operator.ts';
import { coOperator } from '../dataplane/operators/index.ts';
import type { CoCall, CoContext, CoTimer } from '../dataplane/operators/index.ts';
import type { Key, KeySelector } from '../functions/basic.ts';
import type {
  BroadcastContext,
  BroadcastProcessFunction,
  CoFlatMapFunction,
  CoMapFunction,
  CoProcessFunction,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  ReadOnlyBroadcastContext,
} from '../functions/co-process.ts';
import type { MapState, MapStateDescriptor } from '../functions/state.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';

/** Adds an operator with two inputs. */
export type AddCoOperator = <O>(name: string, factory: OperatorFactory) => SingleOutputStreamOperator<O>;

type Keys = readonly [KeySelector<unknown> | undefined, KeySelector<unknown> | undefined];

/** Two streams that one operator reads, each with its own type. */
export class ConnectedStreams<I1, I2, K extends Key = never> {
  readonly #add: AddCoOperator;
  readonly #keys: Keys;
  readonly #rekey: (first: KeySelector<unknown>, second: KeySelector<unknown>) => AddCoOperator;

  constructor(
    add: AddCoOperator,
    keys: Keys,
    rekey: (first: KeySelector<unknown>, second: KeySelector<unknown>) => AddCoOperator,
  ) {
    this.#add = add;
    this.#keys = keys;
    this.#rekey = rekey;
  }

  /** Brings equal keys of both inputs to one subtask, where they share their state. */
  keyBy<L extends Key>(first: KeySelector<I1, L>, second: KeySelector<I2, L>): ConnectedStreams<I1, I2, L> {
    const keys: Keys = [first as KeySelector<unknown>, second as KeySelector<unknown>];
    return new ConnectedStreams<I1, I2, L>(
      this.#rekey(keys[0] as KeySelector<unknown>, keys[1] as KeySelector<unknown>),
      keys,
      this.#rekey,
    );
  }

  map<O>(fn: CoMapFunction<I1, I2, O>): SingleOutputStreamOperator<O> {
    return this.#connect('Co-Map', fn, [
      (value, _context, out) => out.collect(fn.map1(value as I1)),
      (value, _context, out) => out.collect(fn.map2(value as I2)),
    ]);
  }

  flatMap<O>(fn: CoFlatMapFunction<I1, I2, O>): SingleOutputStreamOperator<O> {
    return this.#connect('Co-Flat Map', fn, [
      (value, _context, out) => fn.flatMap1(value as I1, out),
      (value, _context, out) => fn.flatMap2(value as I2, out),
    ]);
  }

  /** A KeyedCoProcessFunction needs both streams keyed. */
  process<O>(
    fn: CoProcessFunction<I1, I2, O> | KeyedCoProcessFunction<K, I1, I2, O>,
  ): SingleOutputStreamOperator<O> {
    const keyed = fn as KeyedCoProcessFunction<Key, I1, I2, O>;
    const calls: [CoCall, CoCall] = [
      (value, context, out) => keyed.processElement1(value as I1, context, out),
      (value, context, out) => keyed.processElement2(value as I2, context, out),
    ];
    if (typeof keyed.onTimer !== 'function') return this.#connect('Co-Process', fn, calls);
    if (this.#keys.includes(undefined)) {
      throw new UserError(
        'a KeyedCoProcessFunction needs keys: call keyBy() on both streams, or on the connected ones',
      );
    }
    return this.#connect('Keyed Co-Process', fn, calls, (timestamp, context, out) =>
      keyed.onTimer(timestamp, context, out),
    );
  }

  #connect<O>(
    name: string,
    fn: unknown,
    calls: readonly [CoCall, CoCall],
    onTimer?: CoTimer,
  ): SingleOutputStreamOperator<O> {
    const kind = name.toLowerCase().replaceAll(' ', '-');
    const timer = onTimer === undefined ? {} : { onTimer };
    return this.#add<O>(name, coOperator({ kind, fn, calls, keys: this.#keys, ...timer }));
  }
}

/** A stream beside one that every subtask sees whole; `K` is `never` where the stream is not keyed. */
export class BroadcastConnectedStream<I, B, K extends Key = never> {
  readonly #add: AddCoOperator;
  readonly #keySelector: KeySelector<unknown> | undefined;

  constructor(add: AddCoOperator, keySelector: KeySelector<unknown> | undefined) {
    this.#add = add;
    this.#keySelector = keySelector;
  }

  /** A KeyedBroadcastProcessFunction needs the stream keyed. */
  process<O>(
    fn: BroadcastProcessFunction<I, B, O> | KeyedBroadcastProcessFunction<K, I, B, O>,
  ): SingleOutputStreamOperator<O> {
    const keyed = fn as KeyedBroadcastProcessFunction<Key, I, B, O>;
    const hasTimer = typeof keyed.onTimer === 'function';
    if (hasTimer && this.#keySelector === undefined) {
      throw new UserError('a KeyedBroadcastProcessFunction needs keys: call keyBy() before connect()');
    }
    const onTimer: CoTimer = (timestamp, context, out) =>
      keyed.onTimer(timestamp, withBroadcast(context), out);
    return this.#add<O>(
      'Broadcast Process',
      coOperator({
        kind: 'broadcast-process',
        fn,
        calls: [
          (value, context, out) => keyed.processElement(value as I, withBroadcast(context), out),
          (value, context, out) => keyed.processBroadcastElement(value as B, withBroadcast(context), out),
        ],
        keys: [this.#keySelector, undefined],
        ...(hasTimer ? { onTimer } : {}),
      }),
    );
  }
}

/** The context with `getBroadcastState`, added once per operator. */
function withBroadcast(context: CoContext): CoContext & BroadcastContext & ReadOnlyBroadcastContext {
  const extended = context as CoContext & Partial<BroadcastContext>;
  extended.getBroadcastState ??= <MK, V>(descriptor: MapStateDescriptor<MK, V>): MapState<MK, V> =>
    context.broadcast.getBroadcastState(descriptor);
  return extended as CoContext & BroadcastContext & ReadOnlyBroadcastContext;
}
