// Pattern 0: a bidder's prices on an auction fall, one time or more, and then rise. The rise may begin the next match.
import { defineJob } from 'millrace';
import type { Collector } from 'millrace';
import { InTimeOrder, toOffer } from './in-time-order.ts';
import type { Offer } from './in-time-order.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface Turn {
  readonly auction: number;
  readonly bidder: number;
  readonly start_time: number;
  readonly bottom_time: number;
  readonly end_time: number;
}

/** A match as far as it goes: the price of its last row, and when it was lowest, if it has fallen. */
export interface Fall {
  readonly start: number;
  readonly price: number;
  readonly bottom: number | undefined;
}

/** Goes on with a bid; `found` gets the match that it completes. */
export function follow(fall: Fall | undefined, bid: Offer, found: (turn: Turn) => void): Fall {
  const { auction, bidder, price, dateTime } = bid;
  if (fall !== undefined && price < fall.price) return { start: fall.start, price, bottom: dateTime };
  if (fall?.bottom !== undefined && price > fall.price)
    found({ auction, bidder, start_time: fall.start, bottom_time: fall.bottom, end_time: dateTime });
  return { start: dateTime, price, bottom: undefined };
}

class FindTurns extends InTimeOrder<Fall, Turn> {
  protected next(fall: Fall | undefined, bid: Offer, out: Collector<Turn>): Fall {
    return follow(fall, bid, (turn) => out.collect(turn));
  }
}

export default defineJob('nexmark c0', (env) => {
  const turns = bids(env)
    .map(toOffer)
    .keyBy((bid) => bid.auction)
    .process(new FindTurns())
    .name('turns')
    .uid('turns');
  emit(env, turns);
});
