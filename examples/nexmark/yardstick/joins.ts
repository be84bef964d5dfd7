import { AUCTION, BID, PERSON } from '../generator/index.ts';
import type { Auction, Bid, Person } from '../generator/index.ts';
import { toExpandedBid } from '../q20.ts';
import { toSellersBid } from '../q23.ts';
import { CATEGORY, isLocal, toSeller } from '../q3.ts';
import type { Seller } from '../q3.ts';
import { yardstick } from './measure.ts';

/** Adds to the list of a key. */
export function addTo<T>(lists: Map<number, T[]>, key: number, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

export const q3 = yardstick((rows) => {
  const sellers = new Map<number, Seller>();
  const waiting = new Map<number, number[]>();
  const join = ({ name, city, state }: Seller, id: number): void => {
    if (isLocal(state)) rows.add({ name, city, state, id });
  };
  return {
    batch: (events) => {
      for (const event of events) {
        if (event.eventType === PERSON) {
          const seller = toSeller(event);
          sellers.set(event.id, seller);
          for (const id of waiting.get(event.id) ?? []) join(seller, id);
          waiting.delete(event.id);
        } else if (event.eventType === AUCTION && event.category === CATEGORY) {
          const seller = sellers.get(event.seller);
          if (seller === undefined) addTo(waiting, event.seller, event.id);
          else join(seller, event.id);
        }
      }
    },
  };
});

export const q20 = yardstick((rows) => {
  const auctions = new Map<number, Auction | false>();
  const waiting = new Map<number, Bid[]>();
  return {
    batch: (events) => {
      for (const event of events) {
        if (event.eventType === BID) {
          const auction = auctions.get(event.auction);
          if (auction === undefined) addTo(waiting, event.auction, event);
          else if (auction !== false) rows.add(toExpandedBid(event, auction));
        } else if (event.eventType === AUCTION) {
          const chosen = event.category === CATEGORY;
          auctions.set(event.id, chosen && event);
          if (chosen) for (const bid of waiting.get(event.id) ?? []) rows.add(toExpandedBid(bid, event));
          waiting.delete(event.id);
        }
      }
    },
  };
});

interface Joined {
  person: Person | undefined;
  readonly auctions: Auction[];
  readonly bids: Bid[];
}

export const q23 = yardstick((rows) => {
  const all = new Map<number, Joined>();
  const of = (id: number): Joined => {
    let joined = all.get(id);
    if (joined === undefined) {
      joined = { person: undefined, auctions: [], bids: [] };
      all.set(id, joined);
    }
    return joined;
  };
  return {
    batch: (events) => {
      for (const event of events) {
        if (event.eventType === BID) {
          const { person, auctions, bids } = of(event.bidder);
          bids.push(event);
          if (person !== undefined) for (const a of auctions) rows.add(toSellersBid(event, person, a));
        } else if (event.eventType === AUCTION) {
          const { person, auctions, bids } = of(event.seller);
          auctions.push(event);
          if (person !== undefined) for (const bid of bids) rows.add(toSellersBid(bid, person, event));
        } else {
          const joined = of(event.id);
          joined.person = event;
          for (const a of joined.auctions)
            for (const bid of joined.bids) rows.add(toSellersBid(bid, event, a));
        }
      }
    },
  };
});
