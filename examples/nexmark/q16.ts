// Query 16, bidding statistics of each channel and day, as query 15, with the latest minute.
import { defineJob, KeyedProcessFunction, MapStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, MapState, RuntimeContext } from 'millrace';
import { countBid, newBidGroup } from './bid-statistics.ts';
import type { BidGroup, BidStatistics, RankedBid } from './bid-statistics.ts';
import { dayOf, dayText, minuteOf, minuteText } from './calendar.ts';
import type { Bid } from './generator/index.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

/** An update: the latest row of a channel and day holds. */
export interface ChannelStatistics extends BidStatistics {
  readonly channel: string;
  readonly day: string;
  readonly minute: string;
}

export function toChannelStatistics(channel: string, group: ChannelDay): ChannelStatistics {
  const { day, minute, statistics } = group;
  return {
    channel,
    day,
    minute: MINUTES[minute] as string,
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

/** `HH:mm` of every minute of the day. */
const MINUTES = Array.from({ length: 1_440 }, (_, minute) => minuteText(minute));

export interface ChannelBid extends RankedBid {
  readonly channel: string;
}

export const toChannelBid = ({ auction, bidder, price, channel, dateTime }: Bid): ChannelBid => ({
  auction,
  bidder,
  price,
  channel,
  dateTime,
});

/** Statistics of a channel's day, and the latest minute of the day. */
export interface ChannelDay extends BidGroup {
  readonly day: string;
  minute: number;
}

export const newChannelDay = (day: number): ChannelDay => ({
  day: dayText(day),
  minute: 0,
  ...newBidGroup(),
});

export function countChannelBid(group: ChannelDay, bid: ChannelBid): void {
  countBid(group, bid);
  const minute = minuteOf(bid.dateTime);
  if (minute > group.minute) group.minute = minute;
}

/** Keyed by channel, a map of its days: one key of two parts would be made anew for each bid. */
class Statistics extends KeyedProcessFunction<string, ChannelBid, ChannelStatistics> {
  #days: MapState<number, ChannelDay> | undefined;

  override open(context: RuntimeContext): void {
    this.#days = context.getMapState(new MapStateDescriptor<number, ChannelDay>('days'));
  }

  processElement(
    bid: ChannelBid,
    _context: KeyedProcessContext<string>,
    out: Collector<ChannelStatistics>,
  ): void {
    const day = dayOf(bid.dateTime);
    const group = this.#days?.get(day) ?? newChannelDay(day);
    countChannelBid(group, bid);
    this.#days?.put(day, group);
    out.collect(toChannelStatistics(bid.channel, group));
  }
}

export default defineJob('nexmark q16', (env) => {
  const statistics = bids(env)
    .map(toChannelBid)
    .keyBy((bid) => bid.channel)
    .process(new Statistics())
    .name('statistics')
    .uid('statistics');
  emit(env, statistics);
});
