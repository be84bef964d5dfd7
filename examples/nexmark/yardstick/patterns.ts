import { follow as followFall } from '../c0.ts';
import type { Fall } from '../c0.ts';
import { extended, toCheapRun } from '../c1.ts';
import type { Run } from '../c1.ts';
import { follow as followRuns } from '../c2.ts';
import { settle } from '../c3.ts';
import { BID } from '../generator/index.ts';
import { toOffer } from '../in-time-order.ts';
import type { Offer } from '../in-time-order.ts';
import { yardstick } from './measure.ts';
import type { Rows, Yardstick } from './measure.ts';

/** What is kept of a bidder on an auction. */
interface Pair<S> {
  state: S;
}

interface Pattern<S> {
  readonly next: (pair: Pair<S>, bid: Offer) => void;
  /** No further bid will come. */
  readonly end?: (pair: Pair<S>) => void;
}

/** Bids in the order of time, each with what is kept of its pair. */
function pattern<S>(initial: S, create: (rows: Rows) => Pattern<S>): Yardstick {
  return yardstick((rows) => {
    const auctions = new Map<number, Map<number, Pair<S>>>();
    const { next, end } = create(rows);
    let waiting: Offer[] = [];
    const advance = (watermark: number): void => {
      const ready = waiting.filter((bid) => bid.dateTime < watermark).sort((a, b) => a.dateTime - b.dateTime);
      waiting = waiting.filter((bid) => bid.dateTime >= watermark);
      for (const bid of ready) {
        let pairs = auctions.get(bid.auction);
        if (pairs === undefined) auctions.set(bid.auction, (pairs = new Map<number, Pair<S>>()));
        let pair = pairs.get(bid.bidder);
        if (pair === undefined) pairs.set(bid.bidder, (pair = { state: initial }));
        next(pair, bid);
      }
    };
    let advancedAt = 0;
    return {
      batch: (events, watermark) => {
        for (const event of events) if (event.eventType === BID) waiting.push(toOffer(event));
        if (watermark < advancedAt + 1_000) return;
        advancedAt = watermark;
        advance(watermark);
      },
      end: () => {
        advance(Number.POSITIVE_INFINITY);
        if (end === undefined) return;
        for (const pairs of auctions.values()) for (const pair of pairs.values()) end(pair);
      },
    };
  });
}

export const c0 = pattern<Fall | undefined>(undefined, (rows) => ({
  next: (pair, bid) => {
    pair.state = followFall(pair.state, bid, (turn) => rows.add(turn));
  },
}));

export const c1 = pattern<Run | undefined>(undefined, (rows) => ({
  next: (pair, bid) => {
    const longer = extended(pair.state, bid);
    if (longer === undefined && pair.state !== undefined) rows.add(toCheapRun(bid, pair.state));
    pair.state = longer;
  },
}));

export const c2 = pattern<readonly Run[]>([], (rows) => ({
  next: (pair, bid) => {
    pair.state = followRuns(pair.state, bid, (run) => rows.add(run));
  },
}));

export const c3 = pattern<Offer[] | undefined>(undefined, (rows) => ({
  next: (pair, bid) => {
    pair.state ??= [];
    pair.state.push(bid);
    settle(pair.state, bid.dateTime, (drop) => rows.add(drop));
  },
  end: ({ state }) => settle(state ?? [], Number.POSITIVE_INFINITY, (drop) => rows.add(drop)),
}));
