import type { DataStream } from '../../src/api/data-stream.ts';
import type { StreamExecutionEnvironment } from '../../src/api/environment.ts';
import { DataGeneratorSource } from '../../src/connectors/generator/data-generator-source.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';

/** A source of `count` consecutive numbers, after which it ends. */
export function numbersFrom(
  env: StreamExecutionEnvironment,
  first: number,
  count: number,
  recordsPerSecond: number,
): DataStream<number> {
  return env.fromSource(
    new DataGeneratorSource({ generate: (i) => first + i, count, recordsPerSecond }),
    WatermarkStrategy.noWatermarks(),
    `numbers from ${first}`,
  );
}
