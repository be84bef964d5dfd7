// Pattern 2: as pattern 1, but a run begins at every bid that can begin one, so that runs overlap.
import { defineJob, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, RuntimeContext, ValueState } from 'millrace';
import { extended, toCheapRun } from './c1.ts';
import type { CheapRun, Run } from './c1.ts';
import { InTimeOrder, pairOf } from './in-time-order.ts';
import type { Offer, Pair } from './in-time-order.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

class FindOverlappingRuns extends InTimeOrder<CheapRun> {
  /** Runs that have not ended, the earliest first. */
  #runs: ValueState<Run[]> | undefined;

  override open(context: RuntimeContext): void {
    super.open(context);
    this.#runs = context.getState(new ValueStateDescriptor<Run[]>('runs'));
  }

  protected next(bid: Offer, _context: KeyedProcessContext<Pair>, out: Collector<CheapRun>): void {
    const open: Run[] = [];
    for (const run of this.#runs?.value() ?? []) {
      const longer = extended(run, bid);
      if (longer === undefined) out.collect(toCheapRun(bid, run));
      else open.push(longer);
    }
    const first = extended(undefined, bid);
    if (first !== undefined) open.push(first);
    if (open.length > 0) this.#runs?.update(open);
    else this.#runs?.clear();
  }
}

export default defineJob('nexmark c2', (env) => {
  const runs = bids(env).keyBy(pairOf).process(new FindOverlappingRuns()).name('runs').uid('runs');
  emit(env, runs);
});
