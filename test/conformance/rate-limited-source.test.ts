import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import { DataGeneratorSource, RateLimitedSource, WatermarkStrategy, defineJob } from '../../src/index.ts';

const NUMBERS = new DataGeneratorSource({ generate: (n) => n, count: 5_000 });

describe('RateLimitedSource in a job', () => {
  it('when a job reads through it then all records come, in no less than their time', async () => {
    const { collected, job } = await runJob(
      defineJob('limited', (env) => {
        env
          .fromSource(
            new RateLimitedSource(NUMBERS, 1_000),
            WatermarkStrategy.noWatermarks<number>(),
            'numbers',
          )
          .filter((n) => n % 1_000 === 0)
          .collect();
      }),
      { parallelism: 2 },
    );
    expect(collected<number>().toSorted((a, b) => a - b)).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
    // On the simulated clock.
    expect((job.endedAt ?? 0) - job.submittedAt).toBeGreaterThan(3_500);
  });
});
