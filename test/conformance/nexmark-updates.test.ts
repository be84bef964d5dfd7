import { describe, expect, it } from 'vitest';
import q15Job from '../../examples/nexmark/q15.ts';
import q16Job from '../../examples/nexmark/q16.ts';
import q17Job from '../../examples/nexmark/q17.ts';
import q18Job from '../../examples/nexmark/q18.ts';
import q19Job from '../../examples/nexmark/q19.ts';
import q4Job from '../../examples/nexmark/q4.ts';
import q6Job from '../../examples/nexmark/q6.ts';
import q9Job from '../../examples/nexmark/q9.ts';
import type { NexmarkOptions } from '../../examples/nexmark/generator/index.ts';
import type { JobDefinition } from '../../src/index.ts';
import { everything, groupBy, PARALLELISMS, rowsOf, SMALL, unordered } from './nexmark/run-query.ts';
import type { Everything } from './nexmark/run-query.ts';
import { q15, q16, q17, q18, q19, q4, q6, q9 } from './nexmark/updates.ts';

type Row = Readonly<Record<string, number | string>>;

interface Query {
  readonly job: JobDefinition;
  readonly batch: (events: Everything) => unknown[];
  /** Columns that name a row: a later row of the same key takes its place. */
  readonly key: readonly string[];
  /** Columns that never go down from one row of a key to the next. */
  readonly growing?: readonly string[];
  /** Whether every bid gives a row, counted in `total_bids`. */
  readonly perBid?: true;
  /** Columns in which rows differ that the query leaves a choice between; what is chosen must be a bid. */
  readonly tied?: readonly string[];
}

const TOTALS = ['total', 'rank1', 'rank2', 'rank3'];
const STATISTICS = ['bids', 'bidders', 'auctions'].flatMap((what) => TOTALS.map((rank) => `${rank}_${what}`));

/** Of two last bids at the same time either may hold. */
const TIED = ['price', 'channel', 'url', 'extra'];

const QUERIES: Readonly<Record<string, Query>> = {
  q4: { job: q4Job, batch: q4, key: ['category'] },
  q6: { job: q6Job, batch: q6, key: ['seller'] },
  q9: { job: q9Job, batch: q9, key: ['id'], growing: ['price'] },
  q15: { job: q15Job, batch: q15, key: ['day'], growing: STATISTICS, perBid: true },
  q16: { job: q16Job, batch: q16, key: ['channel', 'day'], growing: ['minute', ...STATISTICS], perBid: true },
  q17: {
    job: q17Job,
    batch: q17,
    key: ['auction', 'day'],
    growing: ['max_price', 'sum_price'],
    perBid: true,
  },
  q18: { job: q18Job, batch: q18, key: ['auction', 'bidder'], growing: ['dateTime'], tied: TIED },
  q19: { job: q19Job, batch: q19, key: ['auction', 'rank_number'], growing: ['price'] },
};

const STREAMS: Readonly<Record<string, NexmarkOptions>> = {
  'in order': SMALL,
  'out of order': { ...SMALL, firstEventRate: 10_000, outOfOrderGroupSize: 200 },
  'over days': { ...SMALL, numEvents: 3_000, firstEventRate: 0.02 },
};

const falls = (before: number | string, after: number | string): boolean => after < before;

describe.each(Object.entries(QUERIES))(
  '%s',
  (_name, { job, batch, key, growing = [], perBid, tied = [] }) => {
    describe.each(Object.entries(STREAMS))('with events %s', (_order, options) => {
      const events = everything(options);
      const untied = (rows: Iterable<unknown>): string[] =>
        unordered(
          [...rows].map((row) => ({ ...(row as Row), ...Object.fromEntries(tied.map((name) => [name, 0])) })),
        );
      const expected = untied(batch(events));
      const bids = new Set(unordered(events.bids));

      it.each(PARALLELISMS)(
        'when run at parallelism %i then its updates lead to the rows of the batch, each consistent with the one before',
        async (p) => {
          const rows = await rowsOf<Row>(job, options, p);
          const byKey = groupBy(rows, (row) => key.map((column) => row[column]).join(' '));
          expect(expected.length).toBeGreaterThan(0);
          expect(untied([...byKey.values()].map((updates) => updates.at(-1)))).toEqual(expected);
          for (const updates of byKey.values()) {
            const wrong = updates.filter((row, i) => {
              const before = updates[i - 1];
              if (perBid && row['total_bids'] !== i + 1) return true;
              if (before === undefined) return false;
              return growing.some((column) => falls(before[column] as number, row[column] as number));
            });
            expect(wrong).toEqual([]);
          }
          if (tied.length > 0) expect(unordered(rows).filter((row) => !bids.has(row))).toEqual([]);
          if (perBid) expect(rows).toHaveLength(events.bids.length);
        },
      );
    });
  },
);
