import type { Bid } from '../../../examples/nexmark/generator/index.ts';
import { winners } from './joins.ts';
import { groupBy } from './run-query.ts';
import type { Everything } from './run-query.ts';

const mean = (values: readonly number[]): number =>
  Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length);

export function q4(events: Everything): unknown[] {
  return [...groupBy(winners(events), ([{ category }]) => category)].map(([category, won]) => ({
    category,
    final: mean(won.map(([, { price }]) => price)),
  }));
}

export function q6(events: Everything): unknown[] {
  return [...groupBy(winners(events), ([{ seller }]) => seller)].map(([seller, won]) => {
    const byTime = won.toSorted(([a, x], [b, y]) => x.dateTime - y.dateTime || a.id - b.id);
    return { seller, avg_price: mean(byTime.slice(-10).map(([, { price }]) => price)) };
  });
}

export function q9(events: Everything): unknown[] {
  return winners(events).map(([{ eventType: _, ...auction }, bid]) => ({
    ...auction,
    ...{ auction: bid.auction, bidder: bid.bidder, price: bid.price },
    ...{ bid_dateTime: bid.dateTime, bid_extra: bid.extra },
  }));
}

const iso = (time: number): string => new Date(time).toISOString();
const day = ({ dateTime }: Bid): string => iso(dateTime).slice(0, 10);

const RANKS = {
  total: () => true,
  rank1: ({ price }: Bid) => price < 10_000,
  rank2: ({ price }: Bid) => price >= 10_000 && price < 1_000_000,
  rank3: ({ price }: Bid) => price >= 1_000_000,
};

function statistics(bids: readonly Bid[]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(RANKS).flatMap(([rank, holds]) => {
      const own = bids.filter(holds);
      return [
        [`${rank}_bids`, own.length],
        [`${rank}_bidders`, new Set(own.map(({ bidder }) => bidder)).size],
        [`${rank}_auctions`, new Set(own.map(({ auction }) => auction)).size],
      ];
    }),
  );
}

export function q15({ bids }: Everything): unknown[] {
  return [...groupBy(bids, day)].map(([date, own]) => ({ day: date, ...statistics(own) }));
}

export function q16({ bids }: Everything): unknown[] {
  return [...groupBy(bids, (bid) => `${day(bid)} ${bid.channel}`)].map(([key, own]) => ({
    day: key.slice(0, 10),
    channel: key.slice(11),
    minute: own
      .map(({ dateTime }) => iso(dateTime).slice(11, 16))
      .toSorted()
      .at(-1),
    ...statistics(own),
  }));
}

export function q17({ bids }: Everything): unknown[] {
  return [...groupBy(bids, (bid) => `${day(bid)} ${bid.auction}`)].map(([key, own]) => {
    const prices = own.map(({ price }) => price);
    const { total_bids, rank1_bids, rank2_bids, rank3_bids } = statistics(own);
    return {
      ...{ auction: Number(key.slice(11)), day: key.slice(0, 10) },
      ...{ total_bids, rank1_bids, rank2_bids, rank3_bids },
      ...{ min_price: Math.min(...prices), max_price: Math.max(...prices), avg_price: mean(prices) },
      sum_price: prices.reduce((sum, price) => sum + price, 0),
    };
  });
}

export function q18({ bids }: Everything): unknown[] {
  return [...new Map(bids.map((bid) => [`${bid.bidder} ${bid.auction}`, bid])).values()];
}

export function q19({ bids }: Everything): unknown[] {
  return [...groupBy(bids, ({ auction }) => auction).values()].flatMap((own) =>
    own
      .toSorted((a, b) => b.price - a.price || a.dateTime - b.dateTime)
      .slice(0, 10)
      .map(({ eventType: _, ...bid }, i) => ({ ...bid, rank_number: i + 1 })),
  );
}
