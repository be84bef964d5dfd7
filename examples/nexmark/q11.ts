// Query 11, user sessions: how many bids each bidder made before a pause of 10 s.
import { Aggregates, defineJob, EventTimeSessionWindows, Time } from 'millrace';
import type { Collector } from 'millrace';
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
    .keyBy('bidder')
    .window(EventTimeSessionWindows.withGap(Time.seconds(10)))
    .aggregate(Aggregates.count(), (bidder, { window }, [bid_count = 0], out: Collector<BidderWindow>) =>
      out.collect({ bidder, bid_count, starttime: window.start, endtime: window.end }),
    )
    .name('sessions')
    .uid('sessions');
  emit(env, sessions);
});
