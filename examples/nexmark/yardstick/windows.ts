import { AUCTION, BID, PERSON } from '../generator/index.ts';
import { toRow } from '../q0.ts';
import type { BidRow } from '../q0.ts';
import { yardstick } from './measure.ts';
import type { Rows } from './measure.ts';

const SIZE = 10_000;
const SLIDE = 2_000;

/** The element of a map, made when it is not there. */
function entry<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}

/** Calls `fire` with the windows that have ended, in order, and forgets them. */
function fireUpTo<V>(
  windows: Map<number, V>,
  watermark: number,
  fire: (end: number, content: V) => void,
): void {
  const ended = [...windows.keys()].filter((end) => end <= watermark).sort((a, b) => a - b);
  for (const end of ended) {
    fire(end, windows.get(end) as V);
    windows.delete(end);
  }
}

/** Counts by slices of the slide; a window is the sum of its slices. */
export const q5 = yardstick((rows) => {
  const slices = new Map<number, Map<number, number>>();
  let nextEnd = -1;
  let lastSlice = -1;
  const fire = (end: number): void => {
    const counts = new Map<number, number>();
    for (let slice = end - SIZE + SLIDE; slice <= end; slice += SLIDE) {
      for (const [auction, num] of slices.get(slice) ?? [])
        counts.set(auction, (counts.get(auction) ?? 0) + num);
    }
    let most = 0;
    for (const num of counts.values()) if (num > most) most = num;
    for (const [auction, num] of counts) if (num === most) rows.add({ auction, num });
    slices.delete(end - SIZE + SLIDE);
  };
  const advance = (watermark: number): void => {
    for (; nextEnd >= 0 && nextEnd <= watermark && nextEnd < lastSlice + SIZE; nextEnd += SLIDE)
      fire(nextEnd);
  };
  return {
    batch: (events, watermark) => {
      for (const event of events) {
        if (event.eventType !== BID) continue;
        const { auction, dateTime } = event;
        const slice = dateTime - (dateTime % SLIDE) + SLIDE;
        if (nextEnd < 0) nextEnd = slice;
        if (slice > lastSlice) lastSlice = slice;
        const counts = entry(slices, slice, () => new Map<number, number>());
        counts.set(auction, (counts.get(auction) ?? 0) + 1);
      }
      advance(watermark);
    },
    end: () => advance(Number.POSITIVE_INFINITY),
  };
});

interface Highest {
  price: number;
  bids: BidRow[];
  readonly atEnd: BidRow[];
}

export const q7 = yardstick((rows) => {
  const windows = new Map<number, Highest>();
  const newHighest = (): Highest => ({ price: 0, bids: [], atEnd: [] });
  const fire = (_end: number, { price, bids, atEnd }: Highest): void => {
    for (const bid of bids) rows.add(bid);
    for (const bid of atEnd) if (bid.price === price) rows.add(bid);
  };
  let latestEnd = 0;
  let latest: Highest = newHighest();
  return {
    batch: (events, watermark) => {
      for (const event of events) {
        if (event.eventType !== BID) continue;
        const { dateTime, price } = event;
        const offset = dateTime % SIZE;
        if (offset === 0) entry(windows, dateTime, newHighest).atEnd.push(toRow(event));
        const end = dateTime - offset + SIZE;
        if (end !== latestEnd) {
          latestEnd = end;
          latest = entry(windows, end, newHighest);
        }
        if (price > latest.price) {
          latest.price = price;
          latest.bids = [toRow(event)];
        } else if (price === latest.price) latest.bids.push(toRow(event));
      }
      fireUpTo(windows, watermark - 1, fire);
    },
    end: () => fireUpTo(windows, Number.POSITIVE_INFINITY, fire),
  };
});

export const q8 = yardstick((rows) => {
  const windows = new Map<number, { readonly persons: Map<number, string>; readonly sellers: Set<number> }>();
  const newWindow = () => ({ persons: new Map<number, string>(), sellers: new Set<number>() });
  const fire = (end: number, { persons, sellers }: ReturnType<typeof newWindow>): void => {
    for (const [id, name] of persons) if (sellers.has(id)) rows.add({ id, name, starttime: end - SIZE });
  };
  return {
    batch: (events, watermark) => {
      for (const event of events) {
        if (event.eventType === BID) continue;
        const window = entry(windows, event.dateTime - (event.dateTime % SIZE) + SIZE, newWindow);
        if (event.eventType === PERSON) window.persons.set(event.id, event.name);
        else if (event.eventType === AUCTION) window.sellers.add(event.seller);
      }
      fireUpTo(windows, watermark, fire);
    },
    end: () => fireUpTo(windows, Number.POSITIVE_INFINITY, fire),
  };
});

interface Session {
  start: number;
  end: number;
  count: number;
}

/** Sessions of a bidder: seldom more than one is open. */
function addToSessions(sessions: Session[], dateTime: number): void {
  const session: Session = { start: dateTime, end: dateTime + SIZE, count: 1 };
  for (let i = sessions.length - 1; i >= 0; i -= 1) {
    const other = sessions[i] as Session;
    if (other.end < session.start || other.start > session.end) continue;
    session.start = Math.min(session.start, other.start);
    session.end = Math.max(session.end, other.end);
    session.count += other.count;
    sessions.splice(i, 1);
  }
  sessions.push(session);
}

export const q11 = yardstick((rows) => {
  const bidders = new Map<number, Session[]>();
  let checkAt = 0;
  return {
    batch: (events, watermark) => {
      for (const event of events) {
        if (event.eventType !== BID) continue;
        const { bidder, dateTime } = event;
        const sessions = bidders.get(bidder);
        const only = sessions?.length === 1 ? sessions[0] : undefined;
        if (sessions === undefined)
          bidders.set(bidder, [{ start: dateTime, end: dateTime + SIZE, count: 1 }]);
        else if (only !== undefined && dateTime >= only.start && dateTime <= only.end) {
          only.count += 1;
          if (dateTime + SIZE > only.end) only.end = dateTime + SIZE;
        } else addToSessions(sessions, dateTime);
      }
      if (watermark < checkAt) return;
      checkAt = watermark + 1_000;
      closeSessions(bidders, watermark, rows);
    },
    end: () => closeSessions(bidders, Number.POSITIVE_INFINITY, rows),
  };
});

function closeSessions(bidders: Map<number, Session[]>, watermark: number, rows: Rows): void {
  for (const [bidder, sessions] of bidders) {
    for (let i = sessions.length - 1; i >= 0; i -= 1) {
      const { start, end, count } = sessions[i] as Session;
      if (end > watermark) continue;
      rows.add({ bidder, bid_count: count, starttime: start, endtime: end });
      sessions.splice(i, 1);
    }
    if (sessions.length === 0) bidders.delete(bidder);
  }
}

/** Windows of the wall clock, read once for each batch. */
export const q12 = yardstick((rows) => {
  let start = 0;
  let counts = new Map<number, number>();
  const fire = (): void => {
    for (const [bidder, bid_count] of counts)
      rows.add({ bidder, bid_count, starttime: start, endtime: start + SIZE });
    counts = new Map();
  };
  return {
    batch: (events) => {
      const now = Date.now();
      if (now >= start + SIZE) {
        fire();
        start = now - (now % SIZE);
      }
      for (const event of events) {
        if (event.eventType !== BID) continue;
        counts.set(event.bidder, (counts.get(event.bidder) ?? 0) + 1);
      }
    },
    end: fire,
  };
});
