// Query 19, top bids: the ten highest of each auction.
import { defineJob, KeyedProcessFunction, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, RuntimeContext, ValueState } from 'millrace';
import type { Bid } from './generator/index.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

/** An update: the latest row of an auction and rank holds. */
export interface RankedRow extends Omit<Bid, 'eventType'> {
  readonly rank_number: number;
}

const TOP = 10;

export const toRankedRow = (bid: Bid, rank_number: number): RankedRow => ({
  auction: bid.auction,
  bidder: bid.bidder,
  price: bid.price,
  channel: bid.channel,
  url: bid.url,
  dateTime: bid.dateTime,
  extra: bid.extra,
  rank_number,
});

/** Puts a bid at its place, the earlier first of equals; its index, or -1 for one that is not among the top. */
export function rank(top: Bid[], bid: Bid): number {
  let place = top.length;
  while (place > 0 && isAbove(bid, top[place - 1] as Bid)) place -= 1;
  if (place === TOP) return -1;
  if (top.length === TOP) top.pop();
  top.splice(place, 0, bid);
  return place;
}

function isAbove(a: Bid, b: Bid): boolean {
  return a.price > b.price || (a.price === b.price && a.dateTime < b.dateTime);
}

class TopBids extends KeyedProcessFunction<number, Bid, RankedRow> {
  #top: ValueState<Bid[]> | undefined;

  override open(context: RuntimeContext): void {
    this.#top = context.getState(new ValueStateDescriptor<Bid[]>('top'));
  }

  processElement(bid: Bid, _context: KeyedProcessContext<number>, out: Collector<RankedRow>): void {
    const top = this.#top?.value() ?? [];
    const place = rank(top, bid);
    if (place < 0) return;
    this.#top?.update(top);
    for (let i = place; i < top.length; i += 1) out.collect(toRankedRow(top[i] as Bid, i + 1));
  }
}

export default defineJob('nexmark q19', (env) => {
  const top = bids(env)
    .keyBy((bid) => bid.auction)
    .process(new TopBids())
    .name('top bids')
    .uid('top-bids');
  emit(env, top);
});
