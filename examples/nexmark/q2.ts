// Query 2, selection: the prices of one auction in 123.
import { defineJob } from 'millrace';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface PriceRow {
  readonly auction: number;
  readonly price: number;
}

export const CHOSEN = 123;

export default defineJob('nexmark q2', (env) => {
  const chosen = bids(env)
    .filter((bid) => bid.auction % CHOSEN === 0)
    .map(({ auction, price }): PriceRow => ({ auction, price }));
  emit(env, chosen);
});
