// Pattern 1: the longest runs of a bidder's bids on an auction whose average stays below 100 euros; the bid that ends a run
// belongs to it, so that the next begins after.
import { defineJob } from 'millrace';
import type { Collector } from 'millrace';
import { InTimeOrder, toOffer } from './in-time-order.ts';
import type { Offer } from './in-time-order.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface CheapRun {
  readonly auction: number;
  readonly bidder: number;
  readonly start_time: number;
  /** Of the last bid below the average. */
  readonly end_time: number;
  /** Rounded down, as SQL averages whole numbers. */
  readonly avg_price: number;
}

export interface Run {
  readonly start: number;
  readonly end: number;
  readonly sum: number;
  readonly bids: number;
}

const BELOW = 10_000;

/** The run with a bid more; undefined when the bid ends it. */
export function extended(run: Run | undefined, { price, dateTime }: Offer): Run | undefined {
  const sum = (run?.sum ?? 0) + price;
  const bidsNow = (run?.bids ?? 0) + 1;
  if (sum / bidsNow >= BELOW) return undefined;
  return { start: run?.start ?? dateTime, end: dateTime, sum, bids: bidsNow };
}

export const toCheapRun = ({ auction, bidder }: Offer, { start, end, sum, bids: count }: Run): CheapRun => ({
  auction,
  bidder,
  start_time: start,
  end_time: end,
  avg_price: Math.floor(sum / count),
});

class FindRuns extends InTimeOrder<Run, CheapRun> {
  protected next(run: Run | undefined, bid: Offer, out: Collector<CheapRun>): Run | undefined {
    const longer = extended(run, bid);
    if (longer === undefined && run !== undefined) out.collect(toCheapRun(bid, run));
    return longer;
  }
}

export default defineJob('nexmark c1', (env) => {
  const runs = bids(env)
    .map(toOffer)
    .keyBy((bid) => bid.auction)
    .process(new FindRuns())
    .name('runs')
    .uid('runs');
  emit(env, runs);
});
