// Query 9, winning bids: every auction with its highest bid so far, the earliest one of equals.
import { defineJob } from 'millrace';
import type { Auction } from './generator/index.ts';
import type { BidRow } from './q0.ts';
import { toRow } from './q0.ts';
import { emit } from './sink.ts';
import { views } from './views.ts';
import { WinningBids } from './winning-bids.ts';

/** An update: the latest row of an auction (`id`) holds. */
export interface WonAuction extends Omit<Auction, 'eventType'> {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly bid_dateTime: number;
  readonly bid_extra: string;
}

export const toWonAuction = (auction: Auction, bid: BidRow): WonAuction => ({
  id: auction.id,
  itemName: auction.itemName,
  description: auction.description,
  initialBid: auction.initialBid,
  reserve: auction.reserve,
  dateTime: auction.dateTime,
  expires: auction.expires,
  seller: auction.seller,
  category: auction.category,
  extra: auction.extra,
  auction: bid.auction,
  bidder: bid.bidder,
  price: bid.price,
  bid_dateTime: bid.dateTime,
  bid_extra: bid.extra,
});

export default defineJob('nexmark q9', (env) => {
  const { auctions, bids } = views(env);
  const won = auctions
    .keyBy((auction) => auction.id)
    .connect(bids.map(toRow).keyBy((bid) => bid.auction))
    .process(new WinningBids<Auction, BidRow>())
    .name('winning bids')
    .uid('winning-bids')
    .map(({ auction, bid }) => toWonAuction(auction, bid));
  emit(env, won);
});
