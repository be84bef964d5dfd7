// Pattern 0: a bidder's prices on an auction fall, one time or more, and then rise. The rise may begin the next match.
import { defineJob, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, RuntimeContext, ValueState } from 'millrace';
import { InTimeOrder, pairOf } from './in-time-order.ts';
import type { Offer, Pair } from './in-time-order.ts';
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

class FindTurns extends InTimeOrder<Turn> {
  #fall: ValueState<Fall> | undefined;

  override open(context: RuntimeContext): void {
    super.open(context);
    this.#fall = context.getState(new ValueStateDescriptor<Fall>('fall'));
  }

  protected next(bid: Offer, _context: KeyedProcessContext<Pair>, out: Collector<Turn>): void {
    const { auction, bidder, price, dateTime } = bid;
    const fall = this.#fall?.value();
    if (fall !== undefined && price < fall.price) {
      this.#fall?.update({ start: fall.start, price, bottom: dateTime });
      return;
    }
    if (fall?.bottom !== undefined && price > fall.price)
      out.collect({ auction, bidder, start_time: fall.start, bottom_time: fall.bottom, end_time: dateTime });
    this.#fall?.update({ start: dateTime, price, bottom: undefined });
  }
}

export default defineJob('nexmark c0', (env) => {
  emit(env, bids(env).keyBy(pairOf).process(new FindTurns()).name('turns').uid('turns'));
});
