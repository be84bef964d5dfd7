import type { OperatorFactory } from '../dataplane/chain/operator.ts';
import { windowOperator } from '../dataplane/operators/index.ts';
import type { WindowOperatorOptions } from '../dataplane/operators/index.ts';
import type { WindowAssigner } from '../dataplane/window/index.ts';
import { UserError } from '../base/errors.ts';
import { toMillis } from '../base/time.ts';
import type { DurationLike } from '../base/time.ts';
import type { Key, KeySelector, ReduceLike } from '../functions/basic.ts';
import type { Evictor } from '../functions/evictor.ts';
import type { OutputTag } from '../functions/output-tag.ts';
import type { Trigger } from '../functions/trigger.ts';
import type { AggregateFunction, ProcessWindowLike } from '../functions/window.ts';
import type { OperatorTraits } from '../graph/stream-graph.ts';
import { fieldAggregate } from './aggregations.ts';
import type { FieldAggregation } from './aggregations.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import type { NumberFields } from './key-selector.ts';
import { fieldUse, SAME_TYPE } from './output-types.ts';

/** Adds the window operator behind its stream. */
export type AddOperator = <O>(
  name: string,
  factory: OperatorFactory,
  traits: OperatorTraits,
) => SingleOutputStreamOperator<O>;

/** What is known of a windowed stream beside its key and windows. */
export interface WindowedStreamOptions {
  /** Names of the fields that make the key; undefined where a function makes it. */
  readonly keyFields?: readonly string[] | undefined;
  /** Lets `aggregate` and `reduce` work on what an evictor leaves: for sliding count windows. */
  readonly foldEvicted?: boolean;
}

/** Records grouped by key and window; ends in one of `aggregate`, `reduce`, `process`, `sum`, ... */
export class WindowedStream<T, K extends Key> {
  readonly #add: AddOperator;
  readonly #keySelector: KeySelector<T, K>;
  readonly #assigner: WindowAssigner;
  readonly #options: WindowedStreamOptions;
  #allowedLatenessMs = 0;
  #lateTag: OutputTag<unknown> | undefined;
  #trigger: Trigger<T> | undefined;
  #evictor: Evictor<T> | undefined;

  constructor(
    add: AddOperator,
    keySelector: KeySelector<T, K>,
    assigner: WindowAssigner,
    options: WindowedStreamOptions,
  ) {
    this.#add = add;
    this.#keySelector = keySelector;
    this.#assigner = assigner;
    this.#options = options;
  }

  /** Says when windows emit, in place of their end. */
  trigger(trigger: Trigger<T>): this {
    this.#trigger = trigger;
    return this;
  }

  /** Says which records of a window stay when it emits; only with `process` or `apply`. */
  evictor(evictor: Evictor<T>): this {
    this.#evictor = evictor;
    return this;
  }

  /** Keeps a window this long after its end: a record that comes late in that time fires it again. */
  allowedLateness(lateness: DurationLike): this {
    const ms = toMillis(lateness, 'allowed lateness');
    if (ms < 0) throw new UserError(`allowed lateness must not be negative, got ${ms} ms`);
    this.#allowedLatenessMs = ms;
    return this;
  }

  /** Sends records that come too late to a side output instead of dropping them. */
  sideOutputLateData(tag: OutputTag<T>): this {
    this.#lateTag = tag as OutputTag<unknown>;
    return this;
  }

  /** The guide's name for `sideOutputLateData`. */
  onLateData(tag: OutputTag<T>): this {
    return this.sideOutputLateData(tag);
  }

  /** Aggregates as records come: one accumulator per key and window. `processFn` sees the result with its window. */
  aggregate<A, V, O = V>(
    aggregate: AggregateFunction<T, A, V>,
    processFn?: ProcessWindowLike<V, O, K>,
  ): SingleOutputStreamOperator<O> {
    const mode = {
      aggregate: aggregate as AggregateFunction<unknown, unknown, unknown>,
      ...(processFn === undefined
        ? {}
        : { processFn: processFn as ProcessWindowLike<unknown, unknown, Key> }),
    };
    return this.#window(
      'Window(Aggregate)',
      mode,
      aggregate.fields === undefined ? {} : this.#fieldUse(aggregate.fields, false),
    );
  }

  /** Folds records as they come. `processFn` sees the folded record with its window. */
  reduce<O = T>(fn: ReduceLike<T>, processFn?: ProcessWindowLike<T, O, K>): SingleOutputStreamOperator<O> {
    if (processFn === undefined)
      return this.#window('Window(Reduce)', { reduce: fn as ReduceLike<unknown> }, SAME_TYPE);
    return this.#window('Window(Reduce)', {
      reduce: fn as ReduceLike<unknown>,
      processFn: processFn as ProcessWindowLike<unknown, unknown, Key>,
    });
  }

  /** Keeps all records of a window and sees them together when it fires. */
  process<O>(processFn: ProcessWindowLike<T, O, K>): SingleOutputStreamOperator<O> {
    return this.#window('Window(Process)', {
      processFn: processFn as ProcessWindowLike<unknown, unknown, Key>,
    });
  }

  /** The same as `process`. */
  apply<O>(processFn: ProcessWindowLike<T, O, K>): SingleOutputStreamOperator<O> {
    return this.process(processFn);
  }

  sum(field: NumberFields<T>): SingleOutputStreamOperator<T> {
    return this.#field('sum', field);
  }

  min(field: NumberFields<T>): SingleOutputStreamOperator<T> {
    return this.#field('min', field);
  }

  max(field: NumberFields<T>): SingleOutputStreamOperator<T> {
    return this.#field('max', field);
  }

  /** The record with the smallest value. */
  minBy(field: NumberFields<T>): SingleOutputStreamOperator<T> {
    return this.#field('minBy', field);
  }

  /** The record with the largest value. */
  maxBy(field: NumberFields<T>): SingleOutputStreamOperator<T> {
    return this.#field('maxBy', field);
  }

  #field(kind: FieldAggregation, field: NumberFields<T>): SingleOutputStreamOperator<T> {
    const aggregate = fieldAggregate<T>(kind, field) as unknown as AggregateFunction<
      unknown,
      unknown,
      unknown
    >;
    return this.#window(`Window(${kind})`, { aggregate }, { ...SAME_TYPE, ...this.#fieldUse([field], true) });
  }

  /** Nothing is known where late records, a trigger, an evictor or the gaps of sessions see whole records. */
  #fieldUse(fields: readonly PropertyKey[], passesOn: boolean): OperatorTraits {
    const seenWhole =
      this.#lateTag !== undefined ||
      (this.#trigger !== undefined && this.#trigger.ignoresElements !== true) ||
      this.#evictor !== undefined ||
      this.#assigner.kind === 'dynamic-session-event-time';
    return seenWhole ? {} : fieldUse(this.#options.keyFields, fields, passesOn);
  }

  #window<O>(
    name: string,
    mode: WindowOperatorOptions['mode'],
    traits: OperatorTraits = {},
  ): SingleOutputStreamOperator<O> {
    return this.#add(
      name,
      windowOperator({
        keySelector: this.#keySelector as KeySelector<unknown>,
        assigner: this.#assigner,
        allowedLatenessMs: this.#allowedLatenessMs,
        ...(this.#lateTag === undefined ? {} : { lateTag: this.#lateTag }),
        mode,
        ...(this.#trigger === undefined ? {} : { trigger: this.#trigger as Trigger<never> }),
        ...(this.#evictor === undefined
          ? {}
          : { evictor: this.#evictor as Evictor<never>, foldEvicted: this.#options.foldEvicted ?? false }),
      }),
      traits,
    );
  }
}
