import { UserError } from '../base/errors.ts';
import { toMillis } from '../base/time.ts';
import type { DurationLike } from '../base/time.ts';
import { AbstractRichFunction } from '../functions/basic.ts';
import type { Collector, Key } from '../functions/basic.ts';
import { KeyedCoProcessFunction } from '../functions/co-process.ts';
import type { RuntimeContext } from '../functions/context.ts';
import type { ProcessJoinContext, ProcessJoinLike } from '../functions/join.ts';
import type { OutputTag } from '../functions/output-tag.ts';
import type { KeyedProcessContext, OnTimerContext } from '../functions/process.ts';
import { MapStateDescriptor } from '../functions/state.ts';
import type { MapState } from '../functions/state.ts';
import type { ConnectedStreams } from './connected-streams.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';

/** Joins records with `right.time` in [left.time + lower, left.time + upper], both bounds inclusive unless said otherwise. */
export class IntervalJoin<L, R, K extends Key> {
  readonly #streams: ConnectedStreams<L, R, K>;
  #lowerMs: number | undefined;
  #upperMs: number | undefined;
  #lowerExclusive = false;
  #upperExclusive = false;

  constructor(streams: ConnectedStreams<L, R, K>) {
    this.#streams = streams;
  }

  /** Bounds relative to the left record; may be negative. @throws UserError when lower is above upper */
  between(lower: DurationLike, upper: DurationLike): this {
    const lowerMs = toMillis(lower, 'lower bound of an interval join');
    const upperMs = toMillis(upper, 'upper bound of an interval join');
    if (lowerMs > upperMs) {
      throw new UserError(
        `interval join: the lower bound ${lowerMs} ms is above the upper bound ${upperMs} ms`,
      );
    }
    this.#lowerMs = lowerMs;
    this.#upperMs = upperMs;
    return this;
  }

  lowerBoundExclusive(): this {
    this.#lowerExclusive = true;
    return this;
  }

  upperBoundExclusive(): this {
    this.#upperExclusive = true;
    return this;
  }

  /** Called for each pair. */
  process<O>(fn: ProcessJoinLike<L, R, O>): SingleOutputStreamOperator<O> {
    if (this.#lowerMs === undefined || this.#upperMs === undefined) {
      throw new UserError('intervalJoin needs between(lower, upper) before process()');
    }
    const lowerMs = this.#lowerMs + (this.#lowerExclusive ? 1 : 0);
    const upperMs = this.#upperMs - (this.#upperExclusive ? 1 : 0);
    return this.#streams
      .process(new IntervalJoinFunction<K, L, R, O>(lowerMs, upperMs, fn))
      .name('Interval Join');
  }
}

/** Records of one side by timestamp, dropped when the watermark says that no partner can come any more. */
class IntervalJoinFunction<K extends Key, L, R, O> extends KeyedCoProcessFunction<K, L, R, O> {
  readonly #lowerMs: number;
  readonly #upperMs: number;
  readonly #fn: ProcessJoinLike<L, R, O>;
  readonly #join: (left: L, right: R, context: ProcessJoinContext, out: Collector<O>) => void;
  readonly #pair = new PairContext();
  #left: MapState<number, L[]> | undefined;
  #right: MapState<number, R[]> | undefined;

  constructor(lowerMs: number, upperMs: number, fn: ProcessJoinLike<L, R, O>) {
    super();
    this.#lowerMs = lowerMs;
    this.#upperMs = upperMs;
    this.#fn = fn;
    this.#join =
      typeof fn === 'function'
        ? fn
        : (left, right, context, out) => fn.processElement(left, right, context, out);
  }

  override async open(context: RuntimeContext): Promise<void> {
    this.#left = context.getMapState(new MapStateDescriptor<number, L[]>('left'));
    this.#right = context.getMapState(new MapStateDescriptor<number, R[]>('right'));
    if (this.#fn instanceof AbstractRichFunction) {
      this.#fn.setRuntimeContext(context);
      await this.#fn.open(context);
    }
  }

  override async close(): Promise<void> {
    if (this.#fn instanceof AbstractRichFunction) await this.#fn.close();
  }

  processElement1(left: L, context: KeyedProcessContext<K>, out: Collector<O>): void {
    const at = this.#arrive(context, this.#left, left, Math.max(0, this.#upperMs));
    if (at === undefined) return;
    for (const [time, rights] of this.#right?.entries() ?? []) {
      if (time < at + this.#lowerMs || time > at + this.#upperMs) continue;
      for (const right of rights) this.#emit(left, right, at, time, context, out);
    }
  }

  processElement2(right: R, context: KeyedProcessContext<K>, out: Collector<O>): void {
    const at = this.#arrive(context, this.#right, right, Math.max(0, -this.#lowerMs));
    if (at === undefined) return;
    for (const [time, lefts] of this.#left?.entries() ?? []) {
      if (at < time + this.#lowerMs || at > time + this.#upperMs) continue;
      for (const left of lefts) this.#emit(left, right, time, at, context, out);
    }
  }

  override onTimer(timestamp: number, _context: OnTimerContext<K>): void {
    dropBefore(this.#left, timestamp - Math.max(0, this.#upperMs));
    dropBefore(this.#right, timestamp - Math.max(0, -this.#lowerMs));
  }

  /** Keeps a record while partners may come, `keepMs` after its time; undefined for one that comes too late. */
  #arrive<T>(
    context: KeyedProcessContext<K>,
    state: MapState<number, T[]> | undefined,
    value: T,
    keepMs: number,
  ): number | undefined {
    const { timestamp: at } = context;
    if (at === undefined) {
      throw new UserError(
        'an interval join needs event time: assign timestamps and watermarks to both streams',
      );
    }
    const timers = context.timerService();
    if (at < timers.currentWatermark()) return undefined;
    const same = state?.get(at);
    if (same === undefined) state?.put(at, [value]);
    else same.push(value);
    timers.registerEventTimeTimer(at + keepMs);
    return at;
  }

  #emit(
    left: L,
    right: R,
    leftAt: number,
    rightAt: number,
    context: KeyedProcessContext<K>,
    out: Collector<O>,
  ): void {
    this.#pair.set(leftAt, rightAt, context);
    this.#join(left, right, this.#pair, out);
  }
}

function dropBefore<T>(state: MapState<number, T[]> | undefined, bound: number): void {
  for (const time of [...(state?.keys() ?? [])]) if (time <= bound) state?.remove(time);
}

class PairContext implements ProcessJoinContext {
  leftTimestamp = 0;
  rightTimestamp = 0;
  #context: KeyedProcessContext<Key> | undefined;

  get timestamp(): number {
    return Math.max(this.leftTimestamp, this.rightTimestamp);
  }

  set(left: number, right: number, context: KeyedProcessContext<Key>): void {
    this.leftTimestamp = left;
    this.rightTimestamp = right;
    this.#context = context;
  }

  output<S>(tag: OutputTag<S>, value: S): void {
    this.#context?.output(tag, value);
  }
}
