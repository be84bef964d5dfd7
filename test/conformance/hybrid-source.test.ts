import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import {
  DataGeneratorSource,
  HybridSource,
  Time,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  defineJob,
} from '../../src/index.ts';
import type { AggregateFunction } from '../../src/index.ts';

const count: AggregateFunction<number, { n: number }, number> = {
  createAccumulator: () => ({ n: 0 }),
  add: (_value, accumulator) => void (accumulator.n += 1),
  getResult: ({ n }) => n,
};

describe('HybridSource in a job', () => {
  it.each([1, 2, 4])(
    'when history is followed by what is new at parallelism %i then windows over both lose nothing',
    async (parallelism) => {
      const history = new DataGeneratorSource({ generate: (index) => index, count: 1_000, splits: 3 });
      const present = new DataGeneratorSource({ generate: (index) => 1_000 + index, count: 1_000 });
      const strategy = WatermarkStrategy.forBoundedOutOfOrderness<number>(0).withTimestampAssigner((n) => n);
      const { collected, job } = await runJob(
        defineJob('hybrid', (env) => {
          env
            .fromSource(HybridSource.builder(history).addSource(present).build(), strategy, 'Hybrid')
            .windowAll(TumblingEventTimeWindows.of(Time.milliseconds(500)))
            .aggregate(count)
            .collect();
        }),
        { parallelism },
      );
      expect(job.status).toBe('FINISHED');
      expect(collected<number>()).toEqual([500, 500, 500, 500]);
    },
  );
});
