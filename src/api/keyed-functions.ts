import { AbstractRichFunction } from '../functions/basic.ts';
import type { Collector, FilterLike, FlatMapLike, Key, MapLike, RichFunction } from '../functions/basic.ts';
import type {
  CheckpointedFunction,
  FunctionInitializationContext,
  FunctionSnapshotContext,
} from '../functions/checkpointed.ts';
import type { RuntimeContext } from '../functions/context.ts';
import { KeyedProcessFunction } from '../functions/process.ts';
import type { KeyedProcessContext } from '../functions/process.ts';

/** Runs a plain or rich function with the keyed state of its stream. */
abstract class KeyedFunction<K extends Key, I, O>
  extends KeyedProcessFunction<K, I, O>
  implements CheckpointedFunction
{
  readonly #fn: object;

  constructor(fn: object) {
    super();
    this.#fn = fn;
  }

  override setRuntimeContext(context: RuntimeContext): void {
    super.setRuntimeContext(context);
    if (this.#fn instanceof AbstractRichFunction) this.#fn.setRuntimeContext(context);
  }

  initializeState(context: FunctionInitializationContext): void | Promise<void> {
    return (this.#fn as Partial<CheckpointedFunction>).initializeState?.(context);
  }

  snapshotState(context: FunctionSnapshotContext): void | Promise<void> {
    return (this.#fn as Partial<CheckpointedFunction>).snapshotState?.(context);
  }

  override open(context: RuntimeContext): void | Promise<void> {
    return (this.#fn as RichFunction).open?.(context);
  }

  override close(): void | Promise<void> {
    return (this.#fn as RichFunction).close?.();
  }
}

export class KeyedMap<K extends Key, I, O> extends KeyedFunction<K, I, O> {
  readonly #map: (value: I) => O;

  constructor(fn: MapLike<I, O>) {
    super(fn);
    this.#map = typeof fn === 'function' ? fn : (value) => fn.map(value);
  }

  processElement(value: I, _context: KeyedProcessContext<K>, out: Collector<O>): void {
    out.collect(this.#map(value));
  }
}

export class KeyedFilter<K extends Key, T> extends KeyedFunction<K, T, T> {
  readonly #filter: (value: T) => boolean;

  constructor(fn: FilterLike<T>) {
    super(fn);
    this.#filter = typeof fn === 'function' ? fn : (value) => fn.filter(value);
  }

  processElement(value: T, _context: KeyedProcessContext<K>, out: Collector<T>): void {
    if (this.#filter(value)) out.collect(value);
  }
}

export class KeyedFlatMap<K extends Key, I, O> extends KeyedFunction<K, I, O> {
  readonly #flatMap: (value: I, out: Collector<O>) => Iterable<O> | void;

  constructor(fn: FlatMapLike<I, O>) {
    super(fn);
    this.#flatMap = typeof fn === 'function' ? fn : (value, out) => fn.flatMap(value, out);
  }

  processElement(value: I, _context: KeyedProcessContext<K>, out: Collector<O>): void {
    const returned = this.#flatMap(value, out);
    if (returned === undefined) return;
    for (const item of returned) out.collect(item);
  }
}
