import { KeyedProcessFunction, MapStateDescriptor, ValueStateDescriptor } from 'millrace';
import type {
  Collector,
  KeyedProcessContext,
  MapState,
  OnTimerContext,
  RuntimeContext,
  TimerService,
  ValueState,
} from 'millrace';
import type { Bid } from './generator/index.ts';

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

/** Bids wait together, for so long at most: one timer for all of a second. */
const STEP_MS = 1_000;

const stepOf = (time: number): number => Math.ceil(time / STEP_MS) * STEP_MS;

/**
 * Follows each bidder on each auction (the key) by event time: a bid waits until the watermark says that no earlier one can
 * come. Bids that come later than that are dropped. `S` is what is kept of a bidder.
 */
export abstract class InTimeOrder<S, O> extends KeyedProcessFunction<number, Offer, O> {
  #waiting: ValueState<Offer[]> | undefined;
  #bidders: MapState<number, S> | undefined;

  override open(context: RuntimeContext): void {
    this.#waiting = context.getState(new ValueStateDescriptor<Offer[]>('waiting'));
    this.#bidders = context.getMapState(new MapStateDescriptor<number, S>('bidders'));
  }

  /** A bidder's next bid; returns what to keep of the bidder from now on. */
  protected abstract next(kept: S | undefined, bid: Offer, out: Collector<O>): S | undefined;

  /** For patterns that time decides: until when `advance` is to be called for this bidder. */
  protected deadline(_kept: S): number | undefined {
    return undefined;
  }

  /** Every bid up to `now` has been handed over; returns what to keep of the bidder. */
  protected advance(kept: S, _now: number, _out: Collector<O>): S | undefined {
    return kept;
  }

  processElement(bid: Offer, context: KeyedProcessContext<number>): void {
    const timers = context.timerService();
    if (bid.dateTime <= timers.currentWatermark()) return;
    const waiting = this.#waiting?.value() ?? [];
    const step = stepOf(bid.dateTime);
    const last = waiting.at(-1);
    if (last === undefined || stepOf(last.dateTime) !== step) timers.registerEventTimeTimer(step);
    waiting.push(bid);
    this.#waiting?.update(waiting);
  }

  override onTimer(now: number, context: OnTimerContext<number>, out: Collector<O>): void {
    const waiting = this.#waiting?.value() ?? [];
    const ready = waiting.filter((bid) => bid.dateTime <= now).sort((a, b) => a.dateTime - b.dateTime);
    if (ready.length === waiting.length) this.#waiting?.clear();
    else if (ready.length > 0) this.#waiting?.update(waiting.filter((bid) => bid.dateTime > now));
    const timers = context.timerService();
    for (const bid of ready) {
      const kept = this.next(this.#bidders?.get(bid.bidder), bid, out);
      this.#keep(bid.bidder, kept, timers);
    }
    this.#advance(now, timers, out);
  }

  #advance(now: number, timers: TimerService, out: Collector<O>): void {
    for (const [bidder, before] of this.#bidders?.entries() ?? []) {
      const deadline = this.deadline(before);
      if (deadline === undefined) return;
      if (deadline <= now) this.#keep(bidder, this.advance(before, now, out), timers);
    }
  }

  #keep(bidder: number, kept: S | undefined, timers: TimerService): void {
    if (kept === undefined) {
      this.#bidders?.remove(bidder);
      return;
    }
    this.#bidders?.put(bidder, kept);
    const deadline = this.deadline(kept);
    if (deadline !== undefined) timers.registerEventTimeTimer(stepOf(deadline));
  }
}
