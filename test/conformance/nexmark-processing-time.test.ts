import { describe, expect, it } from 'vitest';
import q12 from '../../examples/nexmark/q12.ts';
import type { BidderWindow } from '../../examples/nexmark/q11.ts';
import { expectBidderWindows } from './nexmark/processing-time.ts';
import { everything, PARALLELISMS, rowsOf, SMALL } from './nexmark/run-query.ts';

describe('q12', () => {
  it.each(PARALLELISMS)(
    'when events come over a minute of wall time, at parallelism %i, then each bid counts in one window of the clock',
    async (p) => {
      const paced = { ...SMALL, numEvents: 3_000, firstEventRate: 50, maxEmitSpeed: false };
      const rows = await rowsOf<BidderWindow>(q12, paced, p);
      expectBidderWindows(rows, everything(paced).bids);
      // Events are a minute apart from first to last: six windows, or seven when it begins within one.
      expect([6, 7]).toContain(new Set(rows.map(({ starttime }) => starttime)).size);
    },
  );
});
