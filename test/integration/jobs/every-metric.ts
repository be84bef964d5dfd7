import {
  DataGeneratorSource,
  FileSink,
  MapStateDescriptor,
  RichMapFunction,
  ValueStateDescriptor,
  WatermarkStrategy,
  defineJob,
} from 'millrace';
import type { MapState, RuntimeContext, ValueState } from 'millrace';

/** Counts by key, and by key and digit. */
class Counting extends RichMapFunction<number, number> {
  #count!: ValueState<number>;
  #digits!: MapState<number, number>;

  override open(context: RuntimeContext): void {
    this.#count = context.getState(new ValueStateDescriptor<number>('count', 0));
    this.#digits = context.getMapState(new MapStateDescriptor<number, number>('digits'));
  }

  map(value: number): number {
    const count = (this.#count.value() ?? 0) + 1;
    this.#count.update(count);
    const digit = value % 10;
    this.#digits.put(digit, (this.#digits.get(digit) ?? 0) + 1);
    return count;
  }
}

/** A source with watermark alignment, keyed state, and a sink that commits. */
export default defineJob('every metric', (env) => {
  const source = new DataGeneratorSource<number>({
    generate: (index) => index,
    count: 10_000_000,
    recordsPerSecond: 2_000,
    splits: 4,
  });
  const strategy = WatermarkStrategy.forMonotonousTimestamps<number>()
    .withTimestampAssigner((n) => n)
    .withWatermarkAlignment('numbers', '1 h', '200 ms');
  env
    .fromSource(source, strategy, 'numbers')
    .keyBy((n) => n % 13)
    .map(new Counting())
    .name('counting')
    .sinkTo(FileSink.jsonLines<number>(env.getParameter('out')))
    .name('files');
});
