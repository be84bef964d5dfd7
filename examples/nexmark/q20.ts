// Query 20, bids with their auctions: of category 10.
import { defineJob, KeyedCoProcessFunction, ListStateDescriptor, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, ListState, RuntimeContext, ValueState } from 'millrace';
import type { Auction, Bid } from './generator/index.ts';
import { CATEGORY } from './q3.ts';
import { emit } from './sink.ts';
import { views } from './views.ts';

export interface ExpandedBid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly bid_dateTime: number;
  readonly bid_extra: string;
  readonly itemName: string;
  readonly description: string;
  readonly initialBid: number;
  readonly reserve: number;
  readonly auction_dateTime: number;
  readonly expires: number;
  readonly seller: number;
  readonly category: number;
  readonly auction_extra: string;
}

export const toExpandedBid = (bid: Bid, auction: Auction): ExpandedBid => ({
  auction: bid.auction,
  bidder: bid.bidder,
  price: bid.price,
  channel: bid.channel,
  url: bid.url,
  bid_dateTime: bid.dateTime,
  bid_extra: bid.extra,
  itemName: auction.itemName,
  description: auction.description,
  initialBid: auction.initialBid,
  reserve: auction.reserve,
  auction_dateTime: auction.dateTime,
  expires: auction.expires,
  seller: auction.seller,
  category: auction.category,
  auction_extra: auction.extra,
});

/**
 * Auctions come once each, after at most their first bids. Auctions of other categories are known by `false`, so that bids
 * wait only for auctions that have not come.
 */
class JoinAuction extends KeyedCoProcessFunction<number, Auction, Bid, ExpandedBid> {
  #auction: ValueState<Auction | false> | undefined;
  #waiting: ListState<Bid> | undefined;

  override open(context: RuntimeContext): void {
    this.#auction = context.getState(new ValueStateDescriptor<Auction | false>('auction'));
    this.#waiting = context.getListState(new ListStateDescriptor<Bid>('waiting'));
  }

  processElement1(
    auction: Auction,
    _context: KeyedProcessContext<number>,
    out: Collector<ExpandedBid>,
  ): void {
    const chosen = auction.category === CATEGORY;
    this.#auction?.update(chosen && auction);
    if (chosen) for (const bid of this.#waiting?.get() ?? []) out.collect(toExpandedBid(bid, auction));
    this.#waiting?.clear();
  }

  processElement2(bid: Bid, _context: KeyedProcessContext<number>, out: Collector<ExpandedBid>): void {
    const auction = this.#auction?.value();
    if (auction === undefined) this.#waiting?.add(bid);
    else if (auction !== false) out.collect(toExpandedBid(bid, auction));
  }
}

export default defineJob('nexmark q20', (env) => {
  const { auctions, bids } = views(env);
  const expanded = auctions
    .keyBy((auction) => auction.id)
    .connect(bids.keyBy((bid) => bid.auction))
    .process(new JoinAuction())
    .name('join auction')
    .uid('join-auction');
  emit(env, expanded);
});
