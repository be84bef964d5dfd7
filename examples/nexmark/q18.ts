// Query 18, last bid: of each bidder on each auction.
import { defineJob, KeyedProcessFunction, MapStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, MapState, RuntimeContext } from 'millrace';
import type { Bid } from './generator/index.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

/** Rows are bids, each an update: the latest row of a bidder and auction holds. */
class LastBids extends KeyedProcessFunction<number, Bid, Bid> {
  /** By bidder, the time of the bid that holds: to tell a later one, no more of it is needed. */
  #times: MapState<number, number> | undefined;

  override open(context: RuntimeContext): void {
    this.#times = context.getMapState(new MapStateDescriptor<number, number>('times'));
  }

  processElement(bid: Bid, _context: KeyedProcessContext<number>, out: Collector<Bid>): void {
    const { bidder, dateTime } = bid;
    const last = this.#times?.get(bidder);
    if (last !== undefined && last > dateTime) return;
    this.#times?.put(bidder, dateTime);
    out.collect(bid);
  }
}

export default defineJob('nexmark q18', (env) => {
  const last = bids(env)
    .keyBy((bid) => bid.auction)
    .process(new LastBids())
    .name('last bids')
    .uid('last-bids');
  emit(env, last);
});
