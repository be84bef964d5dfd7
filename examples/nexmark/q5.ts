// Query 5, hot auctions: which auctions had the most bids of the last 10 s, every 2 s.
import {
  Aggregates,
  defineJob,
  ProcessFunction,
  SlidingEventTimeWindows,
  Time,
  TumblingEventTimeWindows,
} from 'millrace';
import type { AggregateFunction, Collector, ProcessContext } from 'millrace';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface HotAuction {
  readonly auction: number;
  readonly num: number;
}

interface AuctionCount extends HotAuction {
  readonly windowEnd: number;
}

const SIZE = Time.seconds(10);
const SLIDE = Time.seconds(2);

/** The auctions with the highest count so far. */
interface Leaders {
  num: number;
  auctions: number[];
}

const leaders: AggregateFunction<AuctionCount, Leaders, Leaders> = {
  createAccumulator: () => ({ num: 0, auctions: [] }),
  add: ({ auction, num }, best) => {
    if (num > best.num) {
      best.num = num;
      best.auctions = [auction];
    } else if (num === best.num) best.auctions.push(auction);
  },
  getResult: (best) => best,
};

/**
 * Lets pass what may still lead: a count below one that this subtask has seen for the same window cannot. Windows come one
 * after the other, so that one maximum is enough; to forget it does no harm.
 */
class MayLead extends ProcessFunction<AuctionCount, AuctionCount> {
  #windowEnd = -1;
  #num = 0;

  override open(): void {
    this.#windowEnd = -1;
  }

  processElement(counted: AuctionCount, _context: ProcessContext, out: Collector<AuctionCount>): void {
    if (counted.windowEnd !== this.#windowEnd) {
      this.#windowEnd = counted.windowEnd;
      this.#num = 0;
    }
    if (counted.num < this.#num) return;
    this.#num = counted.num;
    out.collect(counted);
  }
}

export default defineJob('nexmark q5', (env) => {
  const counts = bids(env)
    .keyBy('auction')
    .window(SlidingEventTimeWindows.of(SIZE, SLIDE))
    .aggregate(Aggregates.count(), (auction, { window }, [num = 0], out: Collector<AuctionCount>) =>
      out.collect({ auction, num, windowEnd: window.end }),
    )
    .name('bids per auction')
    .uid('auction-counts');
  const hottest = counts
    .process(new MayLead())
    .name('may lead')
    .keyBy((counted) => counted.windowEnd)
    .window(TumblingEventTimeWindows.of(SLIDE))
    .aggregate<Leaders, Leaders, HotAuction>(leaders, (_end, _context, [best], out) => {
      if (best === undefined) return;
      for (const auction of best.auctions) out.collect({ auction, num: best.num });
    })
    .name('hottest auctions')
    .uid('hottest-auctions');
  emit(env, hottest);
});
