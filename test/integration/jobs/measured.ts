import {
  DataGeneratorSource,
  DescriptiveStatisticsHistogram,
  MeterView,
  RichMapFunction,
  WatermarkStrategy,
  defineJob,
} from 'millrace';
import type { Counter, Histogram, Meter, RuntimeContext } from 'millrace';

/** Registers one metric of each kind, as the guide shows it. */
class Measured extends RichMapFunction<number, number> {
  #processed: Counter | undefined;
  #rate: Meter | undefined;
  #latency: Histogram | undefined;
  #last = 0;

  override open(context: RuntimeContext): void {
    const metrics = context.getMetricGroup();
    this.#processed = metrics.counter('processed_count');
    this.#rate = metrics.meter('process_rate', new MeterView(60));
    this.#latency = metrics
      .addGroup('stage', 'first')
      .histogram('latency_ms', new DescriptiveStatisticsHistogram(100));
    metrics.gauge('last_value', () => this.#last);
  }

  map(value: number): number {
    this.#processed?.inc();
    this.#rate?.markEvent();
    this.#latency?.update(value % 100);
    this.#last = value;
    return value;
  }
}

export default defineJob('measured "job"', (env) => {
  const source = new DataGeneratorSource<number>({
    generate: (index) => index,
    count: Number(env.getParameter('count')),
    recordsPerSecond: Number(env.getParameter('rate')),
    splits: 4,
  });
  const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);
  env
    .fromSource(source, strategy, 'numbers')
    .map(new Measured())
    .name('measured')
    .keyBy((n) => n % 13)
    .reduce((a, b) => Math.max(a, b))
    .filter(() => false)
    .print();
});
