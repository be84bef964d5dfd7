import { AbstractRichFunction } from './basic.ts';
import type { Collector, Key, RichFunction } from './basic.ts';
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from './process.ts';
import type { MapState, MapStateDescriptor } from './state.ts';

/** One record out for each record in, of either input. */
export interface CoMapFunction<I1, I2, O> extends RichFunction {
  map1(value: I1): O;
  map2(value: I2): O;
}

/** Any number of records out for each record in, of either input. */
export interface CoFlatMapFunction<I1, I2, O> extends RichFunction {
  flatMap1(value: I1, out: Collector<O>): void;
  flatMap2(value: I2, out: Collector<O>): void;
}

/** Two inputs without keys: side outputs, access to time. */
export abstract class CoProcessFunction<I1, I2, O> extends AbstractRichFunction {
  abstract processElement1(value: I1, context: ProcessContext, out: Collector<O>): void;
  abstract processElement2(value: I2, context: ProcessContext, out: Collector<O>): void;
}

/** Two inputs keyed alike: both see the same keyed state and timers. */
export abstract class KeyedCoProcessFunction<K extends Key, I1, I2, O> extends AbstractRichFunction {
  abstract processElement1(value: I1, context: KeyedProcessContext<K>, out: Collector<O>): void;
  abstract processElement2(value: I2, context: KeyedProcessContext<K>, out: Collector<O>): void;

  onTimer(_timestamp: number, _context: OnTimerContext<K>, _out: Collector<O>): void {}
}

/** Broadcast state as the broadcast side sees it. */
export interface BroadcastContext extends ProcessContext {
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
}

/** Broadcast state as the other side sees it: it must be the same in every subtask, so only the broadcast side writes. */
export interface ReadOnlyBroadcastState<K, V> {
  get(key: K): V | undefined;
  contains(key: K): boolean;
  entries(): Iterable<readonly [K, V]>;
}

export interface ReadOnlyBroadcastContext {
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): ReadOnlyBroadcastState<K, V>;
}

/** A stream beside a broadcast one, which every subtask sees whole. */
export abstract class BroadcastProcessFunction<I, B, O> extends AbstractRichFunction {
  abstract processElement(
    value: I,
    context: ProcessContext & ReadOnlyBroadcastContext,
    out: Collector<O>,
  ): void;
  abstract processBroadcastElement(value: B, context: BroadcastContext, out: Collector<O>): void;
}

/** A keyed stream, with its state and timers, beside a broadcast one. */
export abstract class KeyedBroadcastProcessFunction<K extends Key, I, B, O> extends AbstractRichFunction {
  abstract processElement(
    value: I,
    context: KeyedProcessContext<K> & ReadOnlyBroadcastContext,
    out: Collector<O>,
  ): void;
  abstract processBroadcastElement(value: B, context: BroadcastContext, out: Collector<O>): void;

  onTimer(
    _timestamp: number,
    _context: OnTimerContext<K> & ReadOnlyBroadcastContext,
    _out: Collector<O>,
  ): void {}
}
