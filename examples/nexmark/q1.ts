// Query 1, currency conversion: every bid, its price in euros.
import { defineJob } from 'millrace';
import { euros } from './currency.ts';
import type { Bid } from './generator/index.ts';
import type { BidRow } from './q0.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export const inEuros = ({ auction, bidder, price, dateTime, extra }: Bid): BidRow => ({
  auction,
  bidder,
  price: euros(price),
  dateTime,
  extra,
});

export default defineJob('nexmark q1', (env) => emit(env, bids(env).map(inEuros)));
