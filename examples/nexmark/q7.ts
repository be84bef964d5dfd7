// Query 7, highest bid: the bids with the highest price of each 10 s. As the SQL has it, a bid at the very end of a window
// counts as well when it has the window's highest price, although it belongs to the next window.
import { defineJob, KeyedProcessFunction, ProcessFunction, ValueStateDescriptor } from 'millrace';
import type {
  Collector,
  DataStream,
  KeyedProcessContext,
  OnTimerContext,
  ProcessContext,
  RuntimeContext,
  ValueState,
} from 'millrace';
import type { Bid } from './generator/index.ts';
import type { BidRow } from './q0.ts';
import { toRow } from './q0.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export const WINDOW = 10_000;

interface Candidate {
  readonly windowEnd: number;
  /** Whether the bid is in the window, and not at its end. */
  readonly inside: boolean;
  readonly bid: BidRow;
}

interface Top {
  windowEnd: number;
  price: number;
}

/**
 * Lets pass what may have the highest price: a bid below one that this subtask has seen in the same window cannot. The
 * maxima of two windows are kept, since bids of neighbouring windows mix; to forget them does no harm.
 */
class MayWin extends ProcessFunction<Bid, Candidate> {
  #tops: readonly [Top, Top] = newTops();

  override open(): void {
    this.#tops = newTops();
  }

  processElement(bid: Bid, _context: ProcessContext, out: Collector<Candidate>): void {
    const { dateTime, price } = bid;
    const offset = dateTime % WINDOW;
    const windowEnd = dateTime - offset + WINDOW;
    if (offset === 0) out.collect({ windowEnd: dateTime, inside: false, bid: toRow(bid) });
    const top = this.#tops[(windowEnd / WINDOW) % 2 === 0 ? 0 : 1];
    if (top.windowEnd < windowEnd) {
      top.windowEnd = windowEnd;
      top.price = 0;
    }
    if (top.windowEnd === windowEnd) {
      if (price < top.price) return;
      top.price = price;
    }
    out.collect({ windowEnd, inside: true, bid: toRow(bid) });
  }
}

function newTops(): [Top, Top] {
  return [
    { windowEnd: -1, price: 0 },
    { windowEnd: -1, price: 0 },
  ];
}

/** The bids of one window that lead so far, and those at its end. */
interface Leaders {
  price: number;
  bids: BidRow[];
  atEnd: BidRow[];
}

/** Waits until no bid at the window's end can come any more. */
class HighestBids extends KeyedProcessFunction<number, Candidate, BidRow> {
  #leaders: ValueState<Leaders> | undefined;

  override open(context: RuntimeContext): void {
    this.#leaders = context.getState(new ValueStateDescriptor<Leaders>('leaders'));
  }

  processElement({ windowEnd, inside, bid }: Candidate, context: KeyedProcessContext<number>): void {
    let leaders = this.#leaders?.value();
    if (leaders === undefined) {
      leaders = { price: 0, bids: [], atEnd: [] };
      context.timerService().registerEventTimeTimer(windowEnd);
    }
    if (!inside) leaders.atEnd.push(bid);
    else if (bid.price > leaders.price) {
      leaders.price = bid.price;
      leaders.bids = [bid];
    } else if (bid.price === leaders.price) leaders.bids.push(bid);
    this.#leaders?.update(leaders);
  }

  override onTimer(_windowEnd: number, _context: OnTimerContext<number>, out: Collector<BidRow>): void {
    const leaders = this.#leaders?.value();
    this.#leaders?.clear();
    if (leaders === undefined) return;
    for (const bid of leaders.bids) out.collect(bid);
    for (const bid of leaders.atEnd) if (bid.price === leaders.price) out.collect(bid);
  }
}

export function highestBids(stream: DataStream<Bid>): DataStream<BidRow> {
  return stream
    .process(new MayWin())
    .name('may win')
    .keyBy((candidate) => candidate.windowEnd)
    .process(new HighestBids())
    .name('highest bids')
    .uid('highest-bids');
}

export default defineJob('nexmark q7', (env) => emit(env, highestBids(bids(env))));
