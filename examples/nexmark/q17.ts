// Query 17, statistics of each auction and day: bids by rank of price, and their lowest, highest, mean and total price.
import { defineJob, KeyedProcessFunction, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, RuntimeContext, ValueState } from 'millrace';
import { rankOf } from './bid-statistics.ts';
import { dayOf, dayText } from './calendar.ts';
import { toOffer } from './q4.ts';
import type { Offer } from './q4.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

/** An update: the latest row of an auction and day holds. */
export interface AuctionStatistics {
  readonly auction: number;
  readonly day: string;
  readonly total_bids: number;
  readonly rank1_bids: number;
  readonly rank2_bids: number;
  readonly rank3_bids: number;
  readonly min_price: number;
  readonly max_price: number;
  /** Rounded down, as SQL averages whole numbers. */
  readonly avg_price: number;
  readonly sum_price: number;
}

/** What is kept of an auction's day. Few auctions last longer than one: further days hang on the latest. */
export interface AuctionDay {
  readonly day: number;
  readonly text: string;
  readonly others: AuctionDay | undefined;
  total: number;
  rank1: number;
  rank2: number;
  rank3: number;
  min: number;
  max: number;
  sum: number;
}

let lastDay = -1;
let lastDayText = '';

/** The text of a day, remembered: bids follow each other on the same one. */
function textOf(day: number): string {
  if (day !== lastDay) {
    lastDay = day;
    lastDayText = dayText(day);
  }
  return lastDayText;
}

export function newAuctionDay(day: number, others: AuctionDay | undefined): AuctionDay {
  const counts = { total: 0, rank1: 0, rank2: 0, rank3: 0 };
  return { day, text: textOf(day), others, ...counts, min: Infinity, max: 0, sum: 0 };
}

/** The day in question among those of an auction. */
export function findDay(days: AuctionDay | undefined, day: number): AuctionDay | undefined {
  let at = days;
  while (at !== undefined && at.day !== day) at = at.others;
  return at;
}

/** Counts a bid in. */
export function countPrice(day: AuctionDay, price: number): void {
  day.total += 1;
  switch (rankOf(price)) {
    case 1:
      day.rank1 += 1;
      break;
    case 2:
      day.rank2 += 1;
      break;
    case 3:
      day.rank3 += 1;
  }
  if (price < day.min) day.min = price;
  if (price > day.max) day.max = price;
  day.sum += price;
}

export const toAuctionStatistics = (auction: number, day: AuctionDay): AuctionStatistics => ({
  auction,
  day: day.text,
  total_bids: day.total,
  rank1_bids: day.rank1,
  rank2_bids: day.rank2,
  rank3_bids: day.rank3,
  min_price: day.min,
  max_price: day.max,
  avg_price: Math.floor(day.sum / day.total),
  sum_price: day.sum,
});

/** Keyed by auction alone: one key of two parts would be made anew for each bid. */
class Statistics extends KeyedProcessFunction<number, Offer, AuctionStatistics> {
  #days: ValueState<AuctionDay> | undefined;

  override open(context: RuntimeContext): void {
    this.#days = context.getState(new ValueStateDescriptor<AuctionDay>('days'));
  }

  processElement(
    { auction, price, dateTime }: Offer,
    _context: KeyedProcessContext<number>,
    out: Collector<AuctionStatistics>,
  ): void {
    let days = this.#days?.value();
    let today = findDay(days, dayOf(dateTime));
    if (today === undefined) days = today = newAuctionDay(dayOf(dateTime), days);
    countPrice(today, price);
    this.#days?.update(days ?? today);
    out.collect(toAuctionStatistics(auction, today));
  }
}

export default defineJob('nexmark q17', (env) => {
  const statistics = bids(env)
    .map(toOffer)
    .keyBy((offer) => offer.auction)
    .process(new Statistics())
    .name('statistics')
    .uid('statistics');
  emit(env, statistics);
});
