import { describe, expect, it } from 'vitest';
import type { VertexId } from '../../base/ids.ts';
import { SOURCE_BATCH_RECORDS } from '../../base/limits.ts';
import { DataGeneratorSource } from '../../connectors/generator/data-generator-source.ts';
import { WatermarkAlignment } from '../../control/watermark-alignment.ts';
import type { Source, SourceSplit } from '../../functions/source.ts';
import { WatermarkStrategy } from '../../functions/watermark.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { sinkOperator, sourceOperator } from '../operators/index.ts';
import { collectingSink, numbersSource, TestJob } from '../test-support/job-harness.ts';
import type { TestJobOptions } from '../test-support/job-harness.ts';

const DRIFT_MS = 1_000;
const STRATEGY = WatermarkStrategy.forMonotonousTimestamps<number>()
  .withTimestampAssigner((n) => n)
  .withWatermarkAlignment('group', DRIFT_MS, 10);

/** A single source in a task of its own, which collects what it reads. */
function jobOf(
  source: Source<number, never>,
  report: NonNullable<TestJobOptions['reportWatermark']>,
  clock?: SimulatedClock,
): { job: TestJob; out: [unknown, number][] } {
  const out: [unknown, number][] = [];
  const operators = [
    sourceOperator(source as Source<number, SourceSplit>, STRATEGY),
    sinkOperator(collectingSink(out)),
  ];
  const job = new TestJob([{ operators, parallelism: 1 }], {
    reportWatermark: report,
    ...(clock === undefined ? {} : { clock }),
  });
  return { job, out };
}

function generator(count: number): Source<number, never> {
  return new DataGeneratorSource({ generate: (index) => index, count }) as unknown as Source<number, never>;
}

const READERS: readonly (readonly [string, () => Source<number, never>])[] = [
  ['pauses splits', () => generator(20_000)],
  ['cannot pause splits', () => numbersSource([]) as unknown as Source<number, never>],
];

function sourceMetric(job: TestJob, name: string): unknown {
  const samples = (job.tasks[0]?.collectMetrics(0) ?? []).flatMap((group) => group.samples);
  return samples.find((sample) => sample.name === name)?.value;
}

function give(job: TestJob): void {
  job.tasks[0]?.addSplits([{ splitId: '0/1', next: 0, step: 1, from: 0, to: 20_000 } as SourceSplit], 0);
  job.tasks[0]?.notifyNoMoreSplits();
}

describe.each(READERS)('a source whose reader %s, with others in its group', (_, source) => {
  it('when the others are behind then it waits, and goes on as they do, to its end', async () => {
    let others: number | undefined = 0;
    const { job, out } = jobOf(source(), () => Promise.resolve(others));
    job.start();
    give(job);
    for (const reached of [0, 2_000, 7_000]) {
      others = reached;
      const until = job.clock.monotonic() + 100;
      await job.clock.runUntil(() => job.clock.monotonic() > until);
      expect(out.length).toBeGreaterThan(reached);
      expect(out.length).toBeLessThanOrEqual(reached + DRIFT_MS + SOURCE_BATCH_RECORDS + 1);
      // What the generator's watermark lags behind its last record by is in it.
      const ahead = out.length - 1 - reached;
      expect(Math.abs((sourceMetric(job, 'watermarkAlignmentDrift') as number) - ahead)).toBeLessThanOrEqual(
        1,
      );
      expect(sourceMetric(job, 'assignedSplits')).toBe(1);
    }
    others = undefined;
    await job.clock.runUntil(() => job.finished === 1);
    expect(job.errors).toEqual([]);
    expect(out).toHaveLength(20_000);
    expect(sourceMetric(job, 'numSplitsProcessed')).toBe(1);
  });

  it('when no report is ever answered then it reads no more than shows its time, and when one is then all', async () => {
    let reachable = false;
    const { job, out } = jobOf(source(), () =>
      reachable ? Promise.resolve(undefined) : Promise.reject(new Error('lost')),
    );
    job.start();
    give(job);
    await job.clock.runUntil(() => job.clock.monotonic() > 1_000);
    expect(out.length).toBeLessThanOrEqual(SOURCE_BATCH_RECORDS);
    reachable = true;
    await job.clock.runUntil(() => job.finished === 1);
    expect(out).toHaveLength(20_000);
  });

  it('when it has read everything then it says that it holds nobody back', async () => {
    const reports: (number | undefined)[] = [];
    const { job } = jobOf(source(), (_vertex, _subtask, watermark) => {
      reports.push(watermark);
      return Promise.resolve(undefined);
    });
    job.start();
    give(job);
    await job.clock.runUntil(() => job.finished === 1);
    expect(reports.at(-1)).toBeUndefined();
    expect(reports.some((watermark) => watermark !== undefined)).toBe(true);
    // Nothing is reported after it was closed.
    const told = reports.length;
    const until = job.clock.monotonic() + 200;
    job.clock.setTimeout(() => {}, 300);
    await job.clock.runUntil(() => job.clock.monotonic() > until);
    expect(reports).toHaveLength(told);
  });
});

describe('two sources of very different speed in one group', () => {
  it('when reports and answers are lost and late then they stay within the drift and both end', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const random = new SeededRandom(seed);
      const clock = new SimulatedClock({ startAt: 0 });
      const vertex = (id: string) => ({
        id: id as VertexId,
        name: id,
        parallelism: 1,
        maxParallelism: 1,
        slotSharingGroup: '',
        isSource: true,
        operators: [],
        alignmentGroup: 'group',
      });
      const alignment = new WatermarkAlignment({
        name: '',
        graphHash: '',
        edges: [],
        vertices: [vertex('slow'), vertex('fast')],
      });
      /** A job-manager over a network that loses and delays. */
      const report =
        (id: string) => (_v: string, _s: number, watermark: number | undefined, intervalMs: number) =>
          new Promise<number | undefined>((resolve, reject) => {
            clock.setTimeout(() => {
              if (random.chance(0.3)) return void clock.setTimeout(() => reject(new Error('lost')), 50);
              const ref = { vertexId: id as VertexId, subtaskIndex: 0, attempt: 0 };
              const answer = alignment.report({ ...ref, watermark, intervalMs }, clock.monotonic());
              if (random.chance(0.3)) return void clock.setTimeout(() => reject(new Error('lost')), 50);
              clock.setTimeout(() => resolve(answer), random.next() * 8);
            }, random.next() * 8);
          });
      const slowSource = new DataGeneratorSource({
        generate: (index) => index * 20,
        count: 1_000,
        recordsPerSecond: 1_000,
      }) as unknown as Source<number, never>;
      const slow = jobOf(slowSource, report('slow'), clock);
      const fast = jobOf(generator(20_000), report('fast'), clock);
      slow.job.start();
      fast.job.start();
      give(slow.job);
      give(fast.job);
      let lead = 0;
      const last = (out: [unknown, number][]): number => (out.at(-1)?.[0] as number | undefined) ?? 0;
      await clock.runUntil(() => {
        if (slow.job.finished === 0) lead = Math.max(lead, last(fast.out) - last(slow.out));
        return slow.job.finished + fast.job.finished === 2;
      });
      expect(slow.out).toHaveLength(1_000);
      expect(fast.out).toHaveLength(20_000);
      expect(lead, `seed ${seed}`).toBeGreaterThan(0);
      expect(lead, `seed ${seed}`).toBeLessThanOrEqual(DRIFT_MS + SOURCE_BATCH_RECORDS + 1);
    }
  });
});
