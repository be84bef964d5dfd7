// Pattern 3: within less than 5 s, a bidder's price on an auction drops by more than 50 cents under that of an earlier bid, and
// all bids between the two stay above that. The next match begins after the drop.
import { defineJob } from 'millrace';
import type { Collector } from 'millrace';
import { InTimeOrder, toOffer } from './in-time-order.ts';
import type { Offer } from './in-time-order.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface Drop {
  readonly auction: number;
  readonly bidder: number;
  readonly drop_time: number;
  readonly drop_size: number;
}

const DROP = 50;
const WITHIN = 5_000;

/**
 * What becomes of a match that begins at the first bid: the index of the bid that completes it, `failed`, or `open` while
 * later bids decide. `now`: no bid before this time will come.
 */
function outcome(waiting: readonly Offer[], now: number): number | 'failed' | 'open' {
  const [first] = waiting;
  if (first === undefined) return 'failed';
  for (let i = 1; i < waiting.length; i += 1) {
    const { price, dateTime } = waiting[i] as Offer;
    if (dateTime - first.dateTime >= WITHIN) return 'failed';
    if (price < first.price - DROP) return i;
    if (price === first.price - DROP) return 'failed';
  }
  return now - first.dateTime >= WITHIN ? 'failed' : 'open';
}

/** Takes what is decided from the front of the bids, and hands over its matches. */
export function settle(waiting: Offer[], now: number, found: (drop: Drop) => void): void {
  while (waiting.length > 0) {
    const end = outcome(waiting, now);
    if (end === 'open') return;
    if (end !== 'failed') found(toDrop(waiting[0] as Offer, waiting[end] as Offer));
    waiting.splice(0, end === 'failed' ? 1 : end + 1);
  }
}

const toDrop = (from: Offer, to: Offer): Drop => ({
  auction: to.auction,
  bidder: to.bidder,
  drop_time: to.dateTime,
  drop_size: from.price - to.price,
});

/** Keeps bids from the first on that may still begin a match: it goes before a later one that ends sooner. */
class FindDrops extends InTimeOrder<Offer[], Drop> {
  protected next(open: Offer[] = [], bid: Offer, out: Collector<Drop>): Offer[] | undefined {
    open.push(bid);
    return this.advance(open, bid.dateTime, out);
  }

  protected override deadline([first]: readonly Offer[]): number | undefined {
    return first === undefined ? undefined : first.dateTime + WITHIN;
  }

  protected override advance(open: Offer[], now: number, out: Collector<Drop>): Offer[] | undefined {
    settle(open, now, (drop) => out.collect(drop));
    return open.length === 0 ? undefined : open;
  }
}

export default defineJob('nexmark c3', (env) => {
  const drops = bids(env)
    .map(toOffer)
    .keyBy((bid) => bid.auction)
    .process(new FindDrops())
    .name('drops')
    .uid('drops');
  emit(env, drops);
});
