import { expect } from 'vitest';
import type { Bid } from '../../../examples/nexmark/generator/index.ts';
import type { BidderWindow } from '../../../examples/nexmark/q11.ts';
import { groupBy, unordered } from './run-query.ts';

const SIZE = 10_000;

/** Expects that each bid counts in one window of the wall clock, whichever that is. */
export function expectBidderWindows(rows: readonly BidderWindow[], bids: readonly Bid[]): void {
  const total = (of: readonly BidderWindow[]): number => of.reduce((sum, row) => sum + row.bid_count, 0);
  const counted = [...groupBy(rows, ({ bidder }) => bidder)].map(([bidder, of]) => [bidder, total(of)]);
  const expected = [...groupBy(bids, ({ bidder }) => bidder)].map(([bidder, of]) => [bidder, of.length]);
  expect(unordered(counted)).toEqual(unordered(expected));
  expect(
    rows.filter(({ starttime, endtime }) => starttime % SIZE !== 0 || endtime !== starttime + SIZE),
  ).toEqual([]);
  expect(new Set(rows.map(({ bidder, starttime }) => `${bidder} ${starttime}`)).size).toBe(rows.length);
}
