import { DataGeneratorSource, defineJob, KeyedProcessFunction, WatermarkStrategy } from 'millrace';
import type { Collector, KeyedProcessContext } from 'millrace';
import { bids } from '../bids.ts';
import type { Bid } from '../bids.ts';
import { ReportingSink } from '../job-report.ts';

const POOL = bids(4_096);
/** Keys: most have a few records only. */
const KEYS = 1_000_000;
/** Spreads indexes over the keys, so that records come in no order. */
const SPREAD = 7_919;

/** Lets one record of each auction pass in ten. */
class Thin extends KeyedProcessFunction<number, Bid, number> {
  override processElement(bid: Bid, _context: KeyedProcessContext<number>, out: Collector<number>): void {
    if (bid.price % 10 === 0) out.collect(1);
  }
}

/** Bids sorted by auction in execution mode BATCH. */
export default defineJob('batch sort', (env) => {
  const count = Number(env.getParameter('records', '1000000'));
  env.setRuntimeMode('BATCH');
  const generate = (index: number): Bid => ({
    ...(POOL[index % POOL.length] as Bid),
    auction: (index * SPREAD) % KEYS,
    dateTime: index,
  });
  env
    .fromSource(
      new DataGeneratorSource({ generate, count }),
      WatermarkStrategy.forMonotonousTimestamps<Bid>().withTimestampAssigner((bid) => bid.dateTime),
      'bids',
    )
    .keyBy((bid) => bid.auction)
    .process(new Thin())
    .sinkTo(new ReportingSink<number>(env.getParameter('report', '.'), (passed) => passed));
});
