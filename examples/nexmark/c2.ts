// Pattern 2: as pattern 1, but a run begins at every bid that can begin one, so that runs overlap.
import { defineJob } from 'millrace';
import type { Collector } from 'millrace';
import { extended, toCheapRun } from './c1.ts';
import type { CheapRun, Run } from './c1.ts';
import { InTimeOrder, toOffer } from './in-time-order.ts';
import type { Offer } from './in-time-order.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

/** Goes on with a bid; `found` gets the runs that it ends. The earliest run comes first. */
export function follow(runs: readonly Run[], bid: Offer, found: (run: CheapRun) => void): readonly Run[] {
  const open: Run[] = [];
  for (const run of runs) {
    const longer = extended(run, bid);
    if (longer === undefined) found(toCheapRun(bid, run));
    else open.push(longer);
  }
  const first = extended(undefined, bid);
  if (first !== undefined) open.push(first);
  return open;
}

class FindOverlappingRuns extends InTimeOrder<readonly Run[], CheapRun> {
  protected next(
    runs: readonly Run[] | undefined,
    bid: Offer,
    out: Collector<CheapRun>,
  ): readonly Run[] | undefined {
    const open = follow(runs ?? [], bid, (run) => out.collect(run));
    return open.length === 0 ? undefined : open;
  }
}

export default defineJob('nexmark c2', (env) => {
  const runs = bids(env)
    .map(toOffer)
    .keyBy((bid) => bid.auction)
    .process(new FindOverlappingRuns())
    .name('runs')
    .uid('runs');
  emit(env, runs);
});
