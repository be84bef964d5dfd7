// Query 4, average price per category: of the highest bids of its auctions, as they stand.
import { defineJob, KeyedProcessFunction, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, RuntimeContext, ValueState } from 'millrace';
import type { Auction, Bid } from './generator/index.ts';
import { emit } from './sink.ts';
import { views } from './views.ts';
import { WinningBids } from './winning-bids.ts';
import type { NewWinner } from './winning-bids.ts';

/** An update: the latest row of a category holds. */
export interface CategoryPrice {
  readonly category: number;
  /** Rounded down, as SQL averages whole numbers. */
  readonly final: number;
}

export interface Lot {
  readonly id: number;
  readonly category: number;
  readonly dateTime: number;
  readonly expires: number;
}

export interface Offer {
  readonly auction: number;
  readonly price: number;
  readonly dateTime: number;
}

/** What a category's sum and number of auctions change by. */
interface Change {
  readonly category: number;
  readonly price: number;
  readonly auctions: number;
}

export interface Total {
  price: number;
  auctions: number;
}

export const toLot = ({ id, category, dateTime, expires }: Auction): Lot => ({
  id,
  category,
  dateTime,
  expires,
});
export const toOffer = ({ auction, price, dateTime }: Bid): Offer => ({ auction, price, dateTime });

const toChange = ({ auction, bid, previous }: NewWinner<Lot, Offer>): Change => ({
  category: auction.category,
  price: bid.price - (previous?.price ?? 0),
  auctions: previous === undefined ? 1 : 0,
});

class Average extends KeyedProcessFunction<number, Change, CategoryPrice> {
  #total: ValueState<Total> | undefined;

  override open(context: RuntimeContext): void {
    this.#total = context.getState(new ValueStateDescriptor<Total>('total'));
  }

  processElement(
    { category, price, auctions }: Change,
    _context: KeyedProcessContext<number>,
    out: Collector<CategoryPrice>,
  ): void {
    const total = this.#total?.value() ?? { price: 0, auctions: 0 };
    total.price += price;
    total.auctions += auctions;
    this.#total?.update(total);
    out.collect({ category, final: Math.floor(total.price / total.auctions) });
  }
}

export default defineJob('nexmark q4', (env) => {
  const { auctions, bids } = views(env);
  const averages = auctions
    .map(toLot)
    .keyBy((lot) => lot.id)
    .connect(bids.map(toOffer).keyBy((offer) => offer.auction))
    .process(new WinningBids<Lot, Offer>())
    .name('highest bids')
    .uid('highest-bids')
    .map(toChange)
    .keyBy((change) => change.category)
    .process(new Average())
    .name('averages')
    .uid('averages');
  emit(env, averages);
});
