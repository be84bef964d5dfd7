import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aggregates } from './aggregates.ts';
import type { AggregateFunction } from './window.ts';

interface Row {
  readonly price: number;
}

/** Folded in two parts that are merged, as windows made of slices are. */
function fold<A>(
  aggregate: AggregateFunction<Row, A, number>,
  prices: readonly number[],
  cut: number,
): number {
  const part = (values: readonly number[]): A =>
    values.reduce<A>((a, price) => aggregate.add({ price }, a) ?? a, aggregate.createAccumulator());
  const [left, right] = [part(prices.slice(0, cut)), part(prices.slice(cut))];
  return aggregate.getResult(aggregate.merge?.(left, right) as A);
}

const sumOf = (prices: readonly number[]): number => prices.reduce((a, b) => a + b, 0);

describe('Aggregates', () => {
  it('when records are folded in parts, then results are those of all of them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.nat(), (prices, at) => {
        const cut = at % prices.length;
        expect(fold(Aggregates.count(), prices, cut)).toBe(prices.length);
        expect(fold(Aggregates.sum('price'), prices, cut)).toBe(sumOf(prices));
        expect(fold(Aggregates.min('price'), prices, cut)).toBe(Math.min(...prices));
        expect(fold(Aggregates.max('price'), prices, cut)).toBe(Math.max(...prices));
        expect(fold(Aggregates.avg('price'), prices, cut)).toBe(sumOf(prices) / prices.length);
      }),
    );
  });

  it('when an aggregate reads a record, then it reads the fields that it names and no other', () => {
    for (const aggregate of [
      Aggregates.count(),
      Aggregates.sum('price'),
      Aggregates.min('price'),
      Aggregates.max('price'),
      Aggregates.avg('price'),
    ]) {
      const read = new Set<PropertyKey>();
      const spy = new Proxy({ price: 1 }, { get: (_target, name) => (read.add(name), 1) });
      (aggregate as AggregateFunction<unknown, unknown, number>).add(spy, aggregate.createAccumulator());
      expect([...read]).toEqual(aggregate.fields);
    }
  });
});
