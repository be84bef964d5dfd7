// Query 15, bidding statistics of each day: counts and distinct counts, by rank of price.
import { defineJob, KeyedProcessFunction, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, RuntimeContext, ValueState } from 'millrace';
import { countBid, newBidGroup, toRankedBid } from './bid-statistics.ts';
import type { BidGroup, BidStatistics, RankedBid } from './bid-statistics.ts';
import { dayOf, dayText } from './calendar.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

/** An update: the latest row of a day holds. */
export interface DayStatistics extends BidStatistics {
  readonly day: string;
}

export function toDayStatistics(day: string, statistics: BidStatistics): DayStatistics {
  return {
    day,
    total_bids: statistics.total_bids,
    rank1_bids: statistics.rank1_bids,
    rank2_bids: statistics.rank2_bids,
    rank3_bids: statistics.rank3_bids,
    total_bidders: statistics.total_bidders,
    rank1_bidders: statistics.rank1_bidders,
    rank2_bidders: statistics.rank2_bidders,
    rank3_bidders: statistics.rank3_bidders,
    total_auctions: statistics.total_auctions,
    rank1_auctions: statistics.rank1_auctions,
    rank2_auctions: statistics.rank2_auctions,
    rank3_auctions: statistics.rank3_auctions,
  };
}

export interface DayGroup extends BidGroup {
  readonly day: string;
}

class Statistics extends KeyedProcessFunction<number, RankedBid, DayStatistics> {
  #group: ValueState<DayGroup> | undefined;

  override open(context: RuntimeContext): void {
    this.#group = context.getState(new ValueStateDescriptor<DayGroup>('group'));
  }

  processElement(bid: RankedBid, context: KeyedProcessContext<number>, out: Collector<DayStatistics>): void {
    const group = this.#group?.value() ?? { day: dayText(context.getCurrentKey()), ...newBidGroup() };
    countBid(group, bid);
    this.#group?.update(group);
    out.collect(toDayStatistics(group.day, group.statistics));
  }
}

export default defineJob('nexmark q15', (env) => {
  const statistics = bids(env)
    .map(toRankedBid)
    .keyBy((bid) => dayOf(bid.dateTime))
    .process(new Statistics())
    .name('statistics')
    .uid('statistics');
  emit(env, statistics);
});
