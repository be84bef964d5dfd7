import { KeyedCoProcessFunction, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, RuntimeContext, ValueState } from 'millrace';

/** What must be known of an auction and a bid to find the winner. */
interface Lot {
  readonly dateTime: number;
  readonly expires: number;
}
interface Offer {
  readonly price: number;
  readonly dateTime: number;
}

/** An auction's winning bid is another one now. */
export interface NewWinner<A, B> {
  readonly auction: A;
  readonly bid: B;
  /** The one that won before. */
  readonly previous: B | undefined;
}

interface State<A, B> {
  auction: A | undefined;
  winner: B | undefined;
  /** Bids that came before their auction. */
  early: B[] | undefined;
}

/**
 * Per auction the bid with the highest price, the earliest one of equals, among those made while it was open (first and last
 * moment included). Emits every change. Both inputs are keyed by the auction's id; each auction comes once.
 */
export class WinningBids<A extends Lot, B extends Offer> extends KeyedCoProcessFunction<
  number,
  A,
  B,
  NewWinner<A, B>
> {
  #state: ValueState<State<A, B>> | undefined;

  override open(context: RuntimeContext): void {
    this.#state = context.getState(new ValueStateDescriptor<State<A, B>>('winner'));
  }

  processElement1(auction: A, _context: KeyedProcessContext<number>, out: Collector<NewWinner<A, B>>): void {
    const early = this.#state?.value()?.early ?? [];
    let winner: B | undefined;
    for (const bid of early) if (wins(bid, winner, auction)) winner = bid;
    this.#state?.update({ auction, winner, early: undefined });
    if (winner !== undefined) out.collect({ auction, bid: winner, previous: undefined });
  }

  processElement2(bid: B, _context: KeyedProcessContext<number>, out: Collector<NewWinner<A, B>>): void {
    const state = this.#state?.value();
    if (state === undefined) {
      this.#state?.update({ auction: undefined, winner: undefined, early: [bid] });
      return;
    }
    const { auction, winner } = state;
    if (auction === undefined) {
      state.early?.push(bid);
    } else if (wins(bid, winner, auction)) {
      state.winner = bid;
      out.collect({ auction, bid, previous: winner });
    } else return;
    this.#state?.update(state);
  }
}

function wins({ price, dateTime }: Offer, winner: Offer | undefined, auction: Lot): boolean {
  if (dateTime < auction.dateTime || dateTime > auction.expires) return false;
  if (winner === undefined || price > winner.price) return true;
  return price === winner.price && dateTime < winner.dateTime;
}
