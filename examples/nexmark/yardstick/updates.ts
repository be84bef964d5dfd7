import { countBid, newBidGroup } from '../bid-statistics.ts';
import { dayOf, dayText } from '../calendar.ts';
import { AUCTION, BID } from '../generator/index.ts';
import type { Auction, Bid, NexmarkEvent } from '../generator/index.ts';
import { toRow } from '../q0.ts';
import { toDayStatistics } from '../q15.ts';
import type { DayGroup } from '../q15.ts';
import { countChannelBid, newChannelDay, toChannelStatistics } from '../q16.ts';
import type { ChannelDay } from '../q16.ts';
import { countPrice, findDay, newAuctionDay, toAuctionStatistics } from '../q17.ts';
import type { AuctionDay } from '../q17.ts';
import { rank, toRankedRow } from '../q19.ts';
import type { Total } from '../q4.ts';
import { averageWith } from '../q6.ts';
import type { Sale } from '../q6.ts';
import { toWonAuction } from '../q9.ts';
import { yardstick } from './measure.ts';
import type { Loop } from './measure.ts';

interface Lot {
  auction: Auction | undefined;
  winner: Bid | undefined;
  early: Bid[] | undefined;
}

function wins(bid: Bid, winner: Bid | undefined, { dateTime, expires }: Auction): boolean {
  if (bid.dateTime < dateTime || bid.dateTime > expires) return false;
  if (winner === undefined || bid.price > winner.price) return true;
  return bid.price === winner.price && bid.dateTime < winner.dateTime;
}

/** Calls `changed` whenever another bid wins an auction. */
function winners(changed: (auction: Auction, bid: Bid, previous: Bid | undefined) => void): Loop {
  const lots = new Map<number, Lot>();
  const opened = (auction: Auction): void => {
    const early = lots.get(auction.id)?.early ?? [];
    let winner: Bid | undefined;
    for (const bid of early) if (wins(bid, winner, auction)) winner = bid;
    lots.set(auction.id, { auction, winner, early: undefined });
    if (winner !== undefined) changed(auction, winner, undefined);
  };
  const offered = (bid: Bid): void => {
    const lot = lots.get(bid.auction);
    if (lot === undefined) lots.set(bid.auction, { auction: undefined, winner: undefined, early: [bid] });
    else if (lot.auction === undefined) lot.early?.push(bid);
    else if (wins(bid, lot.winner, lot.auction)) {
      const previous = lot.winner;
      lot.winner = bid;
      changed(lot.auction, bid, previous);
    }
  };
  return {
    batch: (events) => {
      for (const event of events) {
        if (event.eventType === BID) offered(event);
        else if (event.eventType === AUCTION) opened(event);
      }
    },
  };
}

export const q4 = yardstick((rows) => {
  const totals = new Map<number, Total>();
  return winners(({ category }, bid, previous) => {
    const total = totals.get(category) ?? { price: 0, auctions: 0 };
    total.price += bid.price - (previous?.price ?? 0);
    if (previous === undefined) total.auctions += 1;
    totals.set(category, total);
    rows.add({ category, final: Math.floor(total.price / total.auctions) });
  });
});

export const q6 = yardstick((rows) => {
  const sellers = new Map<number, Sale[]>();
  return winners(({ id, seller }, { price, dateTime }) => {
    const sales = sellers.get(seller) ?? [];
    sellers.set(seller, sales);
    rows.add({ seller, avg_price: averageWith(sales, { seller, auction: id, price, dateTime }) });
  });
});

export const q9 = yardstick((rows) => winners((auction, bid) => rows.add(toWonAuction(auction, toRow(bid)))));

function eachBid(events: readonly NexmarkEvent[], call: (bid: Bid) => void): void {
  for (const event of events) if (event.eventType === BID) call(event);
}

export const q15 = yardstick((rows) => {
  const days = new Map<number, DayGroup>();
  return {
    batch: (events) =>
      eachBid(events, (bid) => {
        const day = dayOf(bid.dateTime);
        let group = days.get(day);
        if (group === undefined) days.set(day, (group = { day: dayText(day), ...newBidGroup() }));
        countBid(group, bid);
        rows.add(toDayStatistics(group.day, group.statistics));
      }),
  };
});

export const q16 = yardstick((rows) => {
  const channels = new Map<string, Map<number, ChannelDay>>();
  return {
    batch: (events) =>
      eachBid(events, (bid) => {
        let days = channels.get(bid.channel);
        if (days === undefined) channels.set(bid.channel, (days = new Map<number, ChannelDay>()));
        const day = dayOf(bid.dateTime);
        let group = days.get(day);
        if (group === undefined) days.set(day, (group = newChannelDay(day)));
        countChannelBid(group, bid);
        rows.add(toChannelStatistics(bid.channel, group));
      }),
  };
});

export const q17 = yardstick((rows) => {
  const auctions = new Map<number, AuctionDay>();
  return {
    batch: (events) =>
      eachBid(events, ({ auction, price, dateTime }) => {
        const days = auctions.get(auction);
        let today = findDay(days, dayOf(dateTime));
        if (today === undefined) auctions.set(auction, (today = newAuctionDay(dayOf(dateTime), days)));
        countPrice(today, price);
        rows.add(toAuctionStatistics(auction, today));
      }),
  };
});

export const q18 = yardstick((rows) => {
  const auctions = new Map<number, Map<number, number>>();
  return {
    batch: (events) =>
      eachBid(events, (bid) => {
        const { auction, bidder, dateTime } = bid;
        let times = auctions.get(auction);
        if (times === undefined) auctions.set(auction, (times = new Map<number, number>()));
        const last = times.get(bidder);
        if (last !== undefined && last > dateTime) return;
        times.set(bidder, dateTime);
        rows.add(bid);
      }),
  };
});

export const q19 = yardstick((rows) => {
  const auctions = new Map<number, Bid[]>();
  return {
    batch: (events) =>
      eachBid(events, (bid) => {
        let top = auctions.get(bid.auction);
        if (top === undefined) auctions.set(bid.auction, (top = []));
        const place = rank(top, bid);
        if (place < 0) return;
        for (let i = place; i < top.length; i += 1) rows.add(toRankedRow(top[i] as Bid, i + 1));
      }),
  };
});
