// Query 0, pass through: every bid. What source, engine and sink cost by themselves.
import { defineJob } from 'millrace';
import type { Bid } from './generator/index.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface BidRow {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly dateTime: number;
  readonly extra: string;
}

export const toRow = ({ auction, bidder, price, dateTime, extra }: Bid): BidRow => ({
  auction,
  bidder,
  price,
  dateTime,
  extra,
});

export default defineJob('nexmark q0', (env) => emit(env, bids(env).map(toRow)));
