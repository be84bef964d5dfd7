// Query 14, calculation: bids of a range of prices, with the time of day and a user's function over their text.
import { defineJob } from 'millrace';
import { hourOf } from './calendar.ts';
import { euros } from './currency.ts';
import type { Bid } from './generator/index.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface CalculatedBid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly bidTimeType: 'dayTime' | 'nightTime' | 'otherTime';
  readonly dateTime: number;
  readonly extra: string;
  readonly c_counts: number;
}

const ABOVE = 1_000_000;
const BELOW = 50_000_000;

function bidTimeType(dateTime: number): CalculatedBid['bidTimeType'] {
  const hour = hourOf(dateTime);
  if (hour >= 8 && hour <= 18) return 'dayTime';
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime';
}

/** How often a letter occurs. */
function count(text: string, letter: string): number {
  let found = 0;
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) found += 1;
  return found;
}

/** The row of a bid; undefined for one out of the range. */
export function calculated({ auction, bidder, price, dateTime, extra }: Bid): CalculatedBid | undefined {
  const inEuros = euros(price);
  if (inEuros <= ABOVE || inEuros >= BELOW) return undefined;
  return {
    auction,
    bidder,
    price: inEuros,
    bidTimeType: bidTimeType(dateTime),
    dateTime,
    extra,
    c_counts: count(extra, 'c'),
  };
}

export default defineJob('nexmark q14', (env) => {
  const rows = bids(env).flatMap<CalculatedBid>((bid, out) => {
    const row = calculated(bid);
    if (row !== undefined) out.collect(row);
  });
  emit(env, rows);
});
