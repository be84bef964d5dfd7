import { groupBy } from './run-query.ts';
import type { Everything } from './run-query.ts';

const SIZE = 10_000;
const SLIDE = 2_000;

const tumbling = (time: number): number => Math.floor(time / SIZE) * SIZE;

export function q5({ bids }: Everything): unknown[] {
  const first = bids[0]?.dateTime ?? 0;
  const last = bids.at(-1)?.dateTime ?? 0;
  const rows: unknown[] = [];
  for (let start = Math.floor(first / SLIDE) * SLIDE - SIZE; start <= last; start += SLIDE) {
    const inside = bids.filter(({ dateTime }) => dateTime >= start && dateTime < start + SIZE);
    const counts = [...groupBy(inside, ({ auction }) => auction)].map(([auction, of]) => ({
      auction,
      num: of.length,
    }));
    const most = Math.max(...counts.map(({ num }) => num));
    rows.push(...counts.filter(({ num }) => num === most));
  }
  return rows;
}

export function q7({ bids }: Everything): unknown[] {
  return [...groupBy(bids, ({ dateTime }) => tumbling(dateTime))].flatMap(([start, inside]) => {
    const highest = Math.max(...inside.map(({ price }) => price));
    return bids
      .filter(({ price, dateTime }) => price === highest && dateTime >= start && dateTime <= start + SIZE)
      .map(({ auction, bidder, price, dateTime, extra }) => ({ auction, bidder, price, dateTime, extra }));
  });
}

export function q8({ persons, auctions }: Everything): unknown[] {
  const opened = new Set(auctions.map(({ seller, dateTime }) => `${seller} in ${tumbling(dateTime)}`));
  return persons
    .filter(({ id, dateTime }) => opened.has(`${id} in ${tumbling(dateTime)}`))
    .map(({ id, name, dateTime }) => ({ id, name, starttime: tumbling(dateTime) }));
}

export function q11({ bids }: Everything): unknown[] {
  return [...groupBy(bids, ({ bidder }) => bidder)].flatMap(([bidder, own]) => {
    const sessions: { bidder: number; bid_count: number; starttime: number; endtime: number }[] = [];
    for (const { dateTime } of own) {
      const open = sessions.at(-1);
      if (open === undefined || dateTime > open.endtime)
        sessions.push({ bidder, bid_count: 1, starttime: dateTime, endtime: dateTime + SIZE });
      else {
        open.bid_count += 1;
        open.endtime = dateTime + SIZE;
      }
    }
    return sessions;
  });
}
