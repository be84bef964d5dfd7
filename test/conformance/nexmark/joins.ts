import type { Auction, Bid } from '../../../examples/nexmark/generator/index.ts';
import { groupBy } from './run-query.ts';
import type { Everything } from './run-query.ts';

export function q3({ persons, auctions }: Everything): unknown[] {
  return auctions
    .filter(({ category }) => category === 10)
    .flatMap(({ id, seller }) =>
      persons
        .filter((person) => person.id === seller && ['OR', 'ID', 'CA'].includes(person.state))
        .map(({ name, city, state }) => ({ name, city, state, id })),
    );
}

export function q20({ auctions, bids }: Everything): unknown[] {
  const byId = new Map(auctions.filter(({ category }) => category === 10).map((a) => [a.id, a]));
  return bids.flatMap(({ eventType: _bid, dateTime: bid_dateTime, extra: bid_extra, ...bid }) => {
    const found = byId.get(bid.auction);
    if (found === undefined) return [];
    const { eventType: _, id: _id, dateTime: auction_dateTime, extra: auction_extra, ...auction } = found;
    return [{ ...bid, bid_dateTime, bid_extra, ...auction, auction_dateTime, auction_extra }];
  });
}

export function q23({ persons, auctions, bids }: Everything): unknown[] {
  const bySeller = groupBy(auctions, ({ seller }) => seller);
  const byBidder = groupBy(bids, ({ bidder }) => bidder);
  return persons.flatMap(({ eventType: _, dateTime: _time, extra: person_extra, ...person }) =>
    (bySeller.get(person.id) ?? []).flatMap(
      ({ eventType: _auction, id: _id, extra: auction_extra, ...auction }) =>
        (byBidder.get(person.id) ?? []).map(({ bidder, price, channel, url, extra: bid_extra }) => ({
          ...{ bidder, price, channel, url, bid_extra },
          ...{ ...person, person_extra },
          ...{ ...auction, auction_extra },
        })),
    ),
  );
}

/** Auctions that have bids, with the highest one: of equals the earliest. */
export function winners({ auctions, bids }: Everything): (readonly [Auction, Bid])[] {
  const byAuction = groupBy(bids, ({ auction }) => auction);
  return auctions.flatMap((auction) => {
    const [best] = (byAuction.get(auction.id) ?? [])
      .filter(({ dateTime }) => dateTime >= auction.dateTime && dateTime <= auction.expires)
      .toSorted((a, b) => b.price - a.price || a.dateTime - b.dateTime);
    return best === undefined ? [] : [[auction, best] as const];
  });
}
