import type { Bid } from './generator/index.ts';

/** The twelve statistics of queries 15 and 16. Rank 1: below 100 euros; rank 3: from 10,000 on. */
export interface BidStatistics {
  readonly total_bids: number;
  readonly rank1_bids: number;
  readonly rank2_bids: number;
  readonly rank3_bids: number;
  readonly total_bidders: number;
  readonly rank1_bidders: number;
  readonly rank2_bidders: number;
  readonly rank3_bidders: number;
  readonly total_auctions: number;
  readonly rank1_auctions: number;
  readonly rank2_auctions: number;
  readonly rank3_auctions: number;
}

/** As much of a bid as the statistics need. */
export type RankedBid = Pick<Bid, 'auction' | 'bidder' | 'price' | 'dateTime'>;

export const toRankedBid = ({ auction, bidder, price, dateTime }: Bid): RankedBid => ({
  auction,
  bidder,
  price,
  dateTime,
});

const RANK_2_FROM = 10_000;
const RANK_3_FROM = 1_000_000;

/** 1, 2 or 3, by price. */
export function rankOf(price: number): 1 | 2 | 3 {
  if (price < RANK_2_FROM) return 1;
  return price < RANK_3_FROM ? 2 : 3;
}

/** The statistics of one group of bids as they grow. Of each bidder and auction: the ranks seen, a bit each. */
export interface BidGroup {
  readonly statistics: { -readonly [Name in keyof BidStatistics]: number };
  readonly bidders: Map<number, number>;
  readonly auctions: Map<number, number>;
}

export function newBidGroup(): BidGroup {
  const statistics = {
    total_bids: 0,
    rank1_bids: 0,
    rank2_bids: 0,
    rank3_bids: 0,
    total_bidders: 0,
    rank1_bidders: 0,
    rank2_bidders: 0,
    rank3_bidders: 0,
    total_auctions: 0,
    rank1_auctions: 0,
    rank2_auctions: 0,
    rank3_auctions: 0,
  };
  return { statistics, bidders: new Map(), auctions: new Map() };
}

/** Counts a bid in. */
export function countBid({ statistics, bidders, auctions }: BidGroup, bid: RankedBid): void {
  const rank = rankOf(bid.price);
  const bit = 1 << rank;
  const bidderRanks = mark(bidders, bid.bidder, bit);
  const auctionRanks = mark(auctions, bid.auction, bit);
  const newBidder = (bidderRanks & bit) === 0 ? 1 : 0;
  const newAuction = (auctionRanks & bit) === 0 ? 1 : 0;
  statistics.total_bids += 1;
  if (bidderRanks === 0) statistics.total_bidders += 1;
  if (auctionRanks === 0) statistics.total_auctions += 1;
  switch (rank) {
    case 1:
      statistics.rank1_bids += 1;
      statistics.rank1_bidders += newBidder;
      statistics.rank1_auctions += newAuction;
      return;
    case 2:
      statistics.rank2_bids += 1;
      statistics.rank2_bidders += newBidder;
      statistics.rank2_auctions += newAuction;
      return;
    case 3:
      statistics.rank3_bids += 1;
      statistics.rank3_bidders += newBidder;
      statistics.rank3_auctions += newAuction;
  }
}

/** Marks a rank of an id as seen; the ranks seen before. */
function mark(seen: Map<number, number>, id: number, bit: number): number {
  const before = seen.get(id) ?? 0;
  if ((before & bit) === 0) seen.set(id, before | bit);
  return before;
}
