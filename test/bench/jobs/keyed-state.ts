import {
  DataGeneratorSource,
  KeyedProcessFunction,
  ValueStateDescriptor,
  WatermarkStrategy,
  defineJob,
} from 'millrace';
import type { Collector, KeyedProcessContext, RuntimeContext, ValueState } from 'millrace';
import { ReportingSink } from '../job-report.ts';

interface Seen {
  count: number;
  last: number;
}

class Counting extends KeyedProcessFunction<number, number, number> {
  #seen!: ValueState<Seen>;

  override open(context: RuntimeContext): void {
    this.#seen = context.getState(new ValueStateDescriptor<Seen>('seen'));
  }

  processElement(index: number, _context: KeyedProcessContext<number>, out: Collector<number>): void {
    const seen = this.#seen.value() ?? { count: 0, last: 0 };
    seen.count += 1;
    seen.last = index;
    this.#seen.update(seen);
    out.collect(index);
  }
}

/** Counts how often each of `keys` keys came, in state; keys come by turns. */
export default defineJob('keyed state', (env) => {
  const count = Number(env.getParameter('records'));
  const keys = Number(env.getParameter('keys'));
  env
    .fromSource(
      new DataGeneratorSource({ generate: (index: number) => index, count }),
      WatermarkStrategy.noWatermarks<number>(),
      'numbers',
    )
    .keyBy((index) => index % keys)
    .process(new Counting())
    .uid('counting')
    .sinkTo(new ReportingSink<number>(env.getParameter('report', '.')));
});
