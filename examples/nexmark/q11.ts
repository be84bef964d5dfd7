// Query 11, user sessions: how many bids each bidder made before a pause of 10 s.
import { defineJob, EventTimeSessionWindows, Time } from 'millrace';
import { count } from './q5.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface BidderWindow {
  readonly bidder: number;
  readonly bid_count: number;
  readonly starttime: number;
  readonly endtime: number;
}

export default defineJob('nexmark q11', (env) => {
  const sessions = bids(env)
    .map((bid) => bid.bidder)
    .keyBy((bidder) => bidder)
    .window(EventTimeSessionWindows.withGap(Time.seconds(10)))
    .aggregate<{ count: number }, number, BidderWindow>(count, (bidder, { window }, [bid_count = 0], out) =>
      out.collect({ bidder, bid_count, starttime: window.start, endtime: window.end }),
    )
    .name('sessions')
    .uid('sessions');
  emit(env, sessions);
});
