import {
  Aggregates,
  DataGeneratorSource,
  defineJob,
  Time,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from 'millrace';
import type { AggregateFunction, JobDefinition } from 'millrace';
import { bids } from '../bids.ts';
import type { Bid } from '../bids.ts';
import { ReportingSink } from '../job-report.ts';

const POOL = bids(4_096);
const BIDS_PER_MS = 10;

/** Bids per auction of each 10 s behind a hash exchange, counted by an aggregate. */
export function windowCount(aggregate: AggregateFunction<unknown, { count: number }, number>): JobDefinition {
  return defineJob('window count', (env) => {
    const count = Number(env.getParameter('records', '1000000'));
    const generate = (index: number): Bid => ({
      ...(POOL[index % POOL.length] as Bid),
      dateTime: Math.floor(index / BIDS_PER_MS),
    });
    env
      .fromSource(
        new DataGeneratorSource({ generate, count }),
        WatermarkStrategy.forBoundedOutOfOrderness<Bid>(Time.seconds(4)).withTimestampAssigner(
          (bid) => bid.dateTime,
        ),
        'bids',
      )
      .keyBy('auction')
      .window(TumblingEventTimeWindows.of(Time.seconds(10)))
      .aggregate(aggregate)
      .sinkTo(new ReportingSink<number>(env.getParameter('report', '.'), (counted) => counted));
  });
}

export default windowCount(Aggregates.count());
