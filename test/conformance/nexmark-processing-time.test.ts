import { describe, expect, it } from 'vitest';
import q12 from '../../examples/nexmark/q12.ts';
import type { BidderWindow } from '../../examples/nexmark/q11.ts';
import { everything, groupBy, PARALLELISMS, rowsOf, SMALL, unordered } from './nexmark/run-query.ts';

const SIZE = 10_000;

describe('q12', () => {
  it.each(PARALLELISMS)(
    'when events come over a minute of wall time, at parallelism %i, then each bid counts in one window of the clock',
    async (p) => {
      const paced = { ...SMALL, numEvents: 3_000, firstEventRate: 50, maxEmitSpeed: false };
      const rows = await rowsOf<BidderWindow>(q12, paced, p);
      const total = (of: readonly BidderWindow[]): number => of.reduce((sum, row) => sum + row.bid_count, 0);
      const counted = [...groupBy(rows, ({ bidder }) => bidder)].map(([bidder, of]) => [bidder, total(of)]);
      const expected = [...groupBy(everything(paced).bids, ({ bidder }) => bidder)].map(([bidder, of]) => [
        bidder,
        of.length,
      ]);
      expect(unordered(counted)).toEqual(unordered(expected));
      expect(
        rows.filter(({ starttime, endtime }) => starttime % SIZE !== 0 || endtime !== starttime + SIZE),
      ).toEqual([]);
      expect(new Set(rows.map(({ bidder, starttime }) => `${bidder} ${starttime}`)).size).toBe(rows.length);
      // Events are a minute apart from first to last: six windows, or seven when it begins within one.
      expect([6, 7]).toContain(new Set(rows.map(({ starttime }) => starttime)).size);
    },
  );
});
