import { DataGeneratorSource, WatermarkStrategy, defineJob } from 'millrace';

/** Counts for ever, until it is canceled. */
export default defineJob('endless', (env) => {
  const source = new DataGeneratorSource<number>({ generate: (index) => index, recordsPerSecond: 1_000 });
  env
    .fromSource(source, WatermarkStrategy.noWatermarks<number>(), 'numbers')
    .keyBy((n) => n % 10)
    .reduce((a, b) => a + b)
    .filter((sum) => sum < 0)
    .print();
});
