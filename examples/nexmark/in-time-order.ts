import { KeyedProcessFunction, MapStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, MapState, OnTimerContext, RuntimeContext } from 'millrace';
import type { Bid } from './generator/index.ts';

/** A bidder's bids on one auction: what the patterns look at. */
export type Pair = readonly [auction: number, bidder: number];

export const pairOf = ({ auction, bidder }: Bid): Pair => [auction, bidder];

/** As much of a bid as the patterns need. */
export interface Offer {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly dateTime: number;
}

export const toOffer = ({ auction, bidder, price, dateTime }: Bid): Offer => ({
  auction,
  bidder,
  price,
  dateTime,
});

/**
 * Hands over the bids of each key by event time: a bid waits until the watermark says that no earlier one can come. Bids that
 * come later than that are dropped.
 */
export abstract class InTimeOrder<O> extends KeyedProcessFunction<Pair, Bid, O> {
  #waiting: MapState<number, Offer[]> | undefined;

  override open(context: RuntimeContext): void {
    this.#waiting = context.getMapState(new MapStateDescriptor<number, Offer[]>('waiting'));
  }

  /** The next bid of the key in hand. */
  protected abstract next(bid: Offer, context: KeyedProcessContext<Pair>, out: Collector<O>): void;

  /** Event time has reached `time`, for which a timer was set; its bids were handed over before. */
  protected reached(_time: number, _context: KeyedProcessContext<Pair>, _out: Collector<O>): void {}

  processElement(bid: Bid, context: KeyedProcessContext<Pair>): void {
    const { dateTime } = bid;
    const timers = context.timerService();
    if (dateTime <= timers.currentWatermark()) return;
    const same = this.#waiting?.get(dateTime) ?? [];
    same.push(toOffer(bid));
    this.#waiting?.put(dateTime, same);
    timers.registerEventTimeTimer(dateTime);
  }

  override onTimer(time: number, context: OnTimerContext<Pair>, out: Collector<O>): void {
    for (const bid of this.#waiting?.get(time) ?? []) this.next(bid, context, out);
    this.#waiting?.remove(time);
    this.reached(time, context, out);
  }
}
