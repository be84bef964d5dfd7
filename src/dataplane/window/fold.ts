import type { ReduceLike } from '../../functions/basic.ts';
import type { AggregateFunction, ProcessWindowLike } from '../../functions/window.ts';
import { UserError } from '../../base/errors.ts';
import { copyRecord } from '../chain/copy-record.ts';
import { asyncRefused, callable, reducedValue } from '../operators/user-function.ts';

type AnyAggregate = AggregateFunction<never, unknown, unknown>;
type AnyReduce =
  | ((accumulated: never, value: never) => unknown)
  | { reduce(accumulated: never, value: never): unknown };
type AnyProcess = ProcessWindowLike<never, unknown, never>;

/** What a window does with its records; `processFn` sees the one result, or all records where it stands alone. */
export type WindowMode =
  | { readonly aggregate: AnyAggregate; readonly processFn?: AnyProcess }
  | { readonly reduce: AnyReduce; readonly processFn?: AnyProcess }
  | { readonly processFn: AnyProcess };

/** A window's content, folded record by record. Accumulators may be changed in place; what is returned counts. */
export interface Fold {
  create(value: unknown): unknown;
  add(accumulator: unknown, value: unknown): unknown;
  /** Joins two accumulators; may change and return `a`. Missing where the user's aggregate has no merge. */
  readonly merge: ((a: unknown, b: unknown) => unknown) | undefined;
  /** An equal accumulator that may be merged into while the original lives on; only where `merge` exists. */
  fresh(accumulator: unknown): unknown;
  /** `retained`: the accumulator lives on after this result. */
  result(accumulator: unknown, retained: boolean): unknown;
}

export function foldOf(mode: WindowMode, objectReuse: boolean): Fold {
  if ('aggregate' in mode)
    return aggregateFold(mode.aggregate as unknown as AggregateFunction<unknown, unknown, unknown>);
  if ('reduce' in mode) return reduceFold(mode.reduce as ReduceLike<unknown>, objectReuse);
  return LIST_FOLD;
}

/** Whether windows of this mode can share or merge accumulators. */
export function canMerge(mode: WindowMode): boolean {
  return !('aggregate' in mode) || typeof mode.aggregate.merge === 'function';
}

/** @throws UserError when a function of the mode is missing or asynchronous */
export function checkMode(mode: WindowMode): void {
  if ('aggregate' in mode) {
    for (const method of ['createAccumulator', 'add', 'getResult'] as const) {
      if (typeof mode.aggregate?.[method] !== 'function') {
        throw new UserError(
          `aggregate needs an AggregateFunction: an object with createAccumulator, add and getResult (${method} is missing)`,
        );
      }
      callable(mode.aggregate, method, `aggregate (${method})`);
    }
  } else if ('reduce' in mode) callable(mode.reduce, 'reduce', 'reduce of a window');
  if (mode.processFn !== undefined) callable(mode.processFn, 'process', 'process of a window');
}

function aggregateFold(aggregate: AggregateFunction<unknown, unknown, unknown>): Fold {
  const add = (accumulator: unknown, value: unknown): unknown => {
    const after = aggregate.add(value, accumulator);
    if (after === undefined) return accumulator;
    if (after instanceof Promise) throw asyncRefused('aggregate');
    return after;
  };
  const merge = aggregate.merge === undefined ? undefined : aggregate.merge.bind(aggregate);
  return {
    create: (value) => add(aggregate.createAccumulator(), value),
    add,
    merge,
    fresh: (accumulator) =>
      merge === undefined ? accumulator : merge(aggregate.createAccumulator(), accumulator),
    result: (accumulator) => aggregate.getResult(accumulator),
  };
}

function reduceFold(fn: ReduceLike<unknown>, objectReuse: boolean): Fold {
  const reduce = callable<(accumulated: unknown, value: unknown) => unknown>(
    fn,
    'reduce',
    'reduce of a window',
  );
  const add = (accumulator: unknown, value: unknown): unknown =>
    reducedValue(reduce(accumulator, value), 'reduce of a window');
  return {
    create: (value) => (objectReuse ? value : copyRecord(value)),
    add,
    merge: add,
    fresh: (accumulator) => copyRecord(accumulator),
    result: (accumulator, retained) => (retained && !objectReuse ? copyRecord(accumulator) : accumulator),
  };
}

const LIST_FOLD: Fold = {
  create: (value) => [value],
  add: (accumulator, value) => {
    (accumulator as unknown[]).push(value);
    return accumulator;
  },
  merge: (a, b) => {
    for (const value of b as unknown[]) (a as unknown[]).push(value);
    return a;
  },
  fresh: (accumulator) => [...(accumulator as unknown[])],
  result: (accumulator) => accumulator,
};
