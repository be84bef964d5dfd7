import type { Bid } from '../../../examples/nexmark/generator/index.ts';
import { groupBy } from './run-query.ts';
import type { Everything } from './run-query.ts';

/** What is found at a place: the columns of a match, if there is one, and where the search goes on. */
interface Found {
  readonly columns?: Readonly<Record<string, number>>;
  readonly next: number;
}

/** Looks for matches from each place on, in order. */
function search(
  { bids }: Everything,
  matchAt: (rows: readonly Bid[], from: number) => Found | undefined,
): unknown[] {
  return [...groupBy(bids, ({ auction, bidder }) => `${auction} ${bidder}`).values()].flatMap((rows) => {
    const found: unknown[] = [];
    for (let from = 0; from < rows.length;) {
      const { auction, bidder } = rows[from] as Bid;
      const match = matchAt(rows, from);
      if (match?.columns !== undefined) found.push({ auction, bidder, ...match.columns });
      from = match?.next ?? from + 1;
    }
    return found;
  });
}

const price = (rows: readonly Bid[], i: number): number => rows[i]?.price ?? Number.NaN;
const time = (rows: readonly Bid[], i: number): number => rows[i]?.dateTime ?? Number.NaN;

export const c0 = (events: Everything): unknown[] =>
  search(events, (rows, from) => {
    let bottom = from;
    while (price(rows, bottom + 1) < price(rows, bottom)) bottom += 1;
    if (bottom === from || !(price(rows, bottom + 1) > price(rows, bottom))) return undefined;
    return {
      columns: {
        start_time: time(rows, from),
        bottom_time: time(rows, bottom),
        end_time: time(rows, bottom + 1),
      },
      next: bottom + 1,
    };
  });

const runs =
  (next: (from: number, end: number) => number) =>
  (events: Everything): unknown[] =>
    search(events, (rows, from) => {
      const mean = (to: number): number =>
        rows.slice(from, to).reduce((sum, bid) => sum + bid.price, 0) / (to - from);
      let end = from;
      while (end < rows.length && mean(end + 1) < 10_000) end += 1;
      if (end === from) return undefined;
      // A run that has not ended is no match yet.
      if (end === rows.length) return { next: next(from, end) };
      return {
        columns: {
          start_time: time(rows, from),
          end_time: time(rows, end - 1),
          avg_price: Math.floor(mean(end)),
        },
        next: next(from, end),
      };
    });

export const c1 = runs((_from, end) => end + 1);
export const c2 = runs((from) => from + 1);

export const c3 = (events: Everything): unknown[] =>
  search(events, (rows, from) => {
    const end = rows.findIndex((bid, i) => i > from && !(bid.price > price(rows, from) - 50));
    const inTime = time(rows, end) - time(rows, from) < 5_000;
    if (end < 0 || !inTime || price(rows, end) === price(rows, from) - 50) return undefined;
    return {
      columns: { drop_time: time(rows, end), drop_size: price(rows, from) - price(rows, end) },
      next: end + 1,
    };
  });
