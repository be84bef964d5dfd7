import {
  DataGeneratorSource,
  KeyedProcessFunction,
  ValueStateDescriptor,
  WatermarkStrategy,
  defineJob,
} from 'millrace';
import type { Collector, KeyedProcessContext, RuntimeContext, ValueState } from 'millrace';

/** Numbers the records of each key: with every record handled once, each number of each key comes once. */
class Numbering extends KeyedProcessFunction<number, number, string> {
  #count: ValueState<number> | undefined;

  override open(context: RuntimeContext): void {
    this.#count = context.getState(new ValueStateDescriptor('count', 0));
  }

  processElement(_value: number, context: KeyedProcessContext<number>, out: Collector<string>): void {
    const count = (this.#count?.value() ?? 0) + 1;
    this.#count?.update(count);
    out.collect(`${context.getCurrentKey()}=${count}`);
  }
}

export default defineJob('running counts', (env) => {
  const source = new DataGeneratorSource<number>({
    generate: (index) => index,
    count: Number(env.getParameter('count')),
    recordsPerSecond: Number(env.getParameter('rate')),
    splits: 4,
  });
  env
    .fromSource(source, WatermarkStrategy.noWatermarks<number>(), 'numbers')
    .uid('numbers')
    .keyBy((n) => n % 13)
    .process(new Numbering())
    .uid('numbering')
    .collect();
});
