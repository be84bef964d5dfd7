import { expect } from 'vitest';
import { groupBy, unordered } from './run-query.ts';
import type { Everything } from './run-query.ts';
import { q15, q16, q17, q18, q19, q4, q6, q9 } from './updates.ts';

type Row = Readonly<Record<string, number | string>>;

/** A query whose rows are updates: a later row of the same key takes the place of the earlier one. */
export interface UpdateQuery {
  readonly batch: (events: Everything) => unknown[];
  /** Columns that name a row. */
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

export const UPDATE_QUERIES: Readonly<Record<string, UpdateQuery>> = {
  q4: { batch: q4, key: ['category'] },
  q6: { batch: q6, key: ['seller'] },
  q9: { batch: q9, key: ['id'], growing: ['price'] },
  q15: { batch: q15, key: ['day'], growing: STATISTICS, perBid: true },
  q16: { batch: q16, key: ['channel', 'day'], growing: ['minute', ...STATISTICS], perBid: true },
  q17: {
    batch: q17,
    key: ['auction', 'day'],
    growing: ['max_price', 'sum_price'],
    perBid: true,
  },
  q18: { batch: q18, key: ['auction', 'bidder'], growing: ['dateTime'], tied: TIED },
  q19: { batch: q19, key: ['auction', 'rank_number'], growing: ['price'] },
};

/** Expects that updates, in order of arrival, lead to the rows of the batch, each consistent with the one before. */
export function expectUpdates(query: UpdateQuery, events: Everything, rows: readonly unknown[]): void {
  const { batch, key, perBid, tied = [] } = query;
  const untied = (some: readonly unknown[]): string[] =>
    unordered(some.map((row) => ({ ...(row as Row), ...Object.fromEntries(tied.map((name) => [name, 0])) })));
  const expected = untied(batch(events));
  const byKey = groupBy(rows as readonly Row[], (row) => key.map((column) => row[column]).join(' '));
  expect(expected.length).toBeGreaterThan(0);
  expect(untied([...byKey.values()].map((updates) => updates.at(-1)))).toEqual(expected);
  for (const updates of byKey.values()) expect(inconsistent(query, updates)).toEqual([]);
  if (tied.length > 0) {
    const bids = new Set(unordered(events.bids));
    expect(unordered(rows).filter((row) => !bids.has(row))).toEqual([]);
  }
  if (perBid) expect(rows).toHaveLength(events.bids.length);
}

/** Updates of one key that cannot follow the one before them. */
function inconsistent({ perBid, growing = [] }: UpdateQuery, updates: readonly Row[]): Row[] {
  return updates.filter((row, i) => {
    const before = updates[i - 1];
    if (perBid && row['total_bids'] !== i + 1) return true;
    if (before === undefined) return false;
    return growing.some((column) => (row[column] as number | string) < (before[column] as number | string));
  });
}
