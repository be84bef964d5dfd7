// Query 12, processing-time windows: how many bids of each bidder arrived in each 10 s of wall time.
import { Aggregates, defineJob, Time, TumblingProcessingTimeWindows } from 'millrace';
import type { Collector } from 'millrace';
import type { BidderWindow } from './q11.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export default defineJob('nexmark q12', (env) => {
  const counts = bids(env)
    .keyBy('bidder')
    .window(TumblingProcessingTimeWindows.of(Time.seconds(10)))
    .aggregate(Aggregates.count(), (bidder, { window }, [bid_count = 0], out: Collector<BidderWindow>) =>
      out.collect({ bidder, bid_count, starttime: window.start, endtime: window.end }),
    )
    .name('counts')
    .uid('counts');
  emit(env, counts);
});
