// Query 13, bounded side input: every bid with the value that a table has for its auction.
import { defineJob, RichFlatMapFunction } from 'millrace';
import type { Collector } from 'millrace';
import type { Bid } from './generator/index.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface EnrichedBid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly dateTime: number;
  readonly value: string;
}

/** Rows of the table: keys 0 to 9,999, so that every bid finds its own. */
export const SIDE_ROWS = 10_000;

export function sideInput(): Map<number, string> {
  return new Map(Array.from({ length: SIDE_ROWS }, (_, key) => [key, String(key)]));
}

/** Looks the table up as it is when the bid arrives; each subtask holds it whole. */
class Enrich extends RichFlatMapFunction<Bid, EnrichedBid> {
  #table: ReadonlyMap<number, string> = new Map();

  override open(): void {
    this.#table = sideInput();
  }

  flatMap({ auction, bidder, price, dateTime }: Bid, out: Collector<EnrichedBid>): void {
    const value = this.#table.get(auction % SIDE_ROWS);
    if (value !== undefined) out.collect({ auction, bidder, price, dateTime, value });
  }
}

export default defineJob('nexmark q13', (env) => emit(env, bids(env).flatMap(new Enrich())));
