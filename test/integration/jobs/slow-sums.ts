import {
  DataGeneratorSource,
  FileSink,
  Time,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  defineJob,
} from 'millrace';

interface Reading {
  readonly sensor: string;
  readonly at: number;
  readonly value: number;
}

interface Sum {
  readonly sensor: string;
  readonly value: number;
}

/** Sums per sensor and second of event time, from a rate-limited source into CSV part files. */
export default defineJob('slow sums', (env) => {
  const source = new DataGeneratorSource<Reading>({
    generate: (index) => ({ sensor: `s${index % 7}`, at: index * 10, value: index }),
    count: Number(env.getParameter('count')),
    recordsPerSecond: Number(env.getParameter('rate')),
  });
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestampAssigner(
    (reading) => reading.at,
  );
  env
    .fromSource(source, strategy, 'readings')
    .keyBy('sensor')
    .window(TumblingEventTimeWindows.of(Time.seconds(1)))
    .sum('value')
    .map(({ sensor, at, value }): Sum & { second: number } => ({
      sensor,
      second: Math.floor(at / 1_000),
      value,
    }))
    .sinkTo(
      FileSink.csv<Sum & { second: number }>(env.getParameter('out'), {
        columns: ['sensor', 'second', 'value'],
      }),
    );
});
