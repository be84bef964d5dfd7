import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SOURCE_BATCH_RECORDS } from '../../base/limits.ts';
import { DataGeneratorSource } from '../../connectors/generator/data-generator-source.ts';
import type { GeneratorSplit } from '../../connectors/generator/data-generator-source.ts';
import { WatermarkStrategy } from '../../functions/watermark.ts';
import { sinkOperator, sourceOperator } from '../operators/index.ts';
import { collectingSink, TestJob } from '../test-support/job-harness.ts';
import { SplitAlignment } from './split-alignment.ts';
import type { AlignedSplit } from './split-alignment.ts';

describe('SplitAlignment', () => {
  it('when watermarks move then exactly the splits beyond the drift are paused, and one of those that are last can always go on', () => {
    const states = fc.array(
      fc.uniqueArray(
        fc.record({
          id: fc.constantFrom('a', 'b', 'c'),
          watermark: fc.integer({ min: 0, max: 50 }),
          idle: fc.boolean(),
        }),
        { selector: ({ id }) => id, minLength: 1 },
      ),
    );
    const others = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(Number.POSITIVE_INFINITY));
    fc.assert(
      fc.property(states, fc.integer({ min: 0, max: 20 }), others, (steps, drift, othersMinimum) => {
        const paused = new Set<string>();
        const alignment = new SplitAlignment(drift, (toPause, toResume) => {
          for (const id of toPause) expect(paused.has(id)).toBe(false);
          for (const id of toResume) expect(paused.has(id)).toBe(true);
          for (const id of toPause) paused.add(id);
          for (const id of toResume) paused.delete(id);
        });
        for (const step of steps) {
          const splits = new Map<string, AlignedSplit>(step.map(({ id, ...split }) => [id, split]));
          for (const id of paused) if (!splits.has(id)) paused.delete(id);
          const counted = step.filter(({ id, idle }) => !idle || paused.has(id));
          const limit = Math.min(othersMinimum, ...counted.map(({ watermark }) => watermark)) + drift;
          alignment.update(splits, othersMinimum);
          expect([...paused].sort()).toEqual(
            step
              .filter(({ watermark }) => watermark > limit)
              .map(({ id }) => id)
              .sort(),
          );
          // Only what others have reached can hold all of them.
          if (othersMinimum + drift >= limit && othersMinimum > limit)
            expect(paused.size).toBeLessThan(splits.size);
        }
      }),
    );
  });
});

describe('a source with watermark alignment', () => {
  /** Records of split 0 are a millisecond apart, those of split 1 a hundred. */
  const source = new DataGeneratorSource({
    generate: (index) => (index % 2 === 0 ? index / 2 : ((index - 1) / 2) * 100),
    count: 20_000,
    splits: 2,
  });
  const splits: GeneratorSplit[] = [0, 1].map((first) => ({ splitId: `${first}/2`, next: first, step: 2 }));

  async function largestLead(strategy: WatermarkStrategy<number>): Promise<number> {
    const out: [unknown, number][] = [];
    const job = new TestJob([
      { operators: [sourceOperator(source, strategy), sinkOperator(collectingSink(out))], parallelism: 1 },
    ]);
    job.tasks[0]?.addSplits(splits, 0);
    job.tasks[0]?.notifyNoMoreSplits();
    await job.run();
    expect(job.errors).toEqual([]);
    expect(out).toHaveLength(20_000);
    const slow = Array.from({ length: 10_000 }, (_, n) => n);
    let seenSlow = 0;
    let lead = 0;
    // As long as the slow split has records, how far ahead is what comes?
    for (const [value] of out) {
      const time = value as number;
      if (time === slow[seenSlow]) seenSlow += 1;
      else if (seenSlow < slow.length) lead = Math.max(lead, time - seenSlow);
    }
    return lead;
  }

  it('when one split runs ahead then it waits for the other, and everything is read', async () => {
    const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);
    const free = await largestLead(strategy);
    const aligned = await largestLead(strategy.withWatermarkAlignment('group', 1_000));
    expect(free).toBeGreaterThan(500_000);
    // The drift, and a batch of each split that was on its way.
    expect(aligned).toBeLessThanOrEqual(1_000 + SOURCE_BATCH_RECORDS * (100 + 1));
  });
});
