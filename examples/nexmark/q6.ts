// Query 6, average selling price: of each seller's last 10 auctions that have bids, by the time of their winning bids.
import { defineJob, KeyedProcessFunction, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, RuntimeContext, ValueState } from 'millrace';
import type { Auction } from './generator/index.ts';
import { toOffer } from './q4.ts';
import type { Offer } from './q4.ts';
import { emit } from './sink.ts';
import { views } from './views.ts';
import { WinningBids } from './winning-bids.ts';
import type { NewWinner } from './winning-bids.ts';

/** An update: the latest row of a seller holds. */
export interface SellerPrice {
  readonly seller: number;
  /** Rounded down, as SQL averages whole numbers. */
  readonly avg_price: number;
}

export interface SellersLot {
  readonly id: number;
  readonly seller: number;
  readonly dateTime: number;
  readonly expires: number;
}

/** A seller's auction at the price of its winning bid. */
export interface Sale {
  readonly seller: number;
  readonly auction: number;
  readonly price: number;
  readonly dateTime: number;
}

const LAST = 10;

export const toSellersLot = ({ id, seller, dateTime, expires }: Auction): SellersLot => ({
  id,
  seller,
  dateTime,
  expires,
});

const toSale = ({ auction, bid }: NewWinner<SellersLot, Offer>): Sale => ({
  seller: auction.seller,
  auction: auction.id,
  price: bid.price,
  dateTime: bid.dateTime,
});

/** Puts a sale at its place by time (then auction), in place of the auction's former one; the average of the last ones. */
export function averageWith(sales: Sale[], sale: Sale): number {
  const former = sales.findLastIndex(({ auction }) => auction === sale.auction);
  if (former >= 0) sales.splice(former, 1);
  let place = sales.length;
  while (place > 0 && isAfter(sales[place - 1] as Sale, sale)) place -= 1;
  sales.splice(place, 0, sale);
  let sum = 0;
  const first = Math.max(0, sales.length - LAST);
  for (let i = first; i < sales.length; i += 1) sum += (sales[i] as Sale).price;
  return Math.floor(sum / (sales.length - first));
}

function isAfter(a: Sale, b: Sale): boolean {
  return a.dateTime > b.dateTime || (a.dateTime === b.dateTime && a.auction > b.auction);
}

/** Keeps all sales of a seller: while auctions are open, their winning bids, and with them the order, may change. */
class LastSales extends KeyedProcessFunction<number, Sale, SellerPrice> {
  #sales: ValueState<Sale[]> | undefined;

  override open(context: RuntimeContext): void {
    this.#sales = context.getState(new ValueStateDescriptor<Sale[]>('sales'));
  }

  processElement(sale: Sale, _context: KeyedProcessContext<number>, out: Collector<SellerPrice>): void {
    const sales = this.#sales?.value() ?? [];
    const avg_price = averageWith(sales, sale);
    this.#sales?.update(sales);
    out.collect({ seller: sale.seller, avg_price });
  }
}

export default defineJob('nexmark q6', (env) => {
  const { auctions, bids } = views(env);
  const averages = auctions
    .map(toSellersLot)
    .keyBy((lot) => lot.id)
    .connect(bids.map(toOffer).keyBy((offer) => offer.auction))
    .process(new WinningBids<SellersLot, Offer>())
    .name('winning bids')
    .uid('winning-bids')
    .map(toSale)
    .keyBy((sale) => sale.seller)
    .process(new LastSales())
    .name('last sales')
    .uid('last-sales');
  emit(env, averages);
});
