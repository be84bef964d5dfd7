import { describe, expect, it } from 'vitest';
import type { Collector } from '../../functions/basic.ts';
import type { MetricSamples } from '../../protocol/metrics.ts';
import { WatermarkStrategy } from '../../functions/watermark.ts';
import { flatMapOperator, sinkOperator, sourceOperator } from '../operators/index.ts';
import type { Carrier } from '../exchange/index.ts';
import { collectingSink, numbersSource, TestJob } from '../test-support/job-harness.ts';
import { BackPressure } from './back-pressure.ts';

const numbers = (count: number) =>
  sourceOperator(
    numbersSource([{ splitId: 's', from: 0, to: count }]),
    WatermarkStrategy.noWatermarks<number>(),
  );
const NEVER = { pending: (): Promise<void> => new Promise(() => {}) };

/** Values of the metrics of the task itself. */
function taskValues(groups: readonly MetricSamples[] | undefined): Record<string, unknown> {
  const own = groups?.find(({ scope, path }) => scope === 'taskmanager_job_task' && path.length === 0);
  return Object.fromEntries((own?.samples ?? []).map(({ name, value }) => [name, value]));
}

describe('BackPressure', () => {
  it('when the task is blocked again and again, then times add up by kind and the longest is known for a while', () => {
    const counters = { backPressuredMs: 0 };
    const pressure = new BackPressure(counters);
    pressure.begin(() => 'soft', 100);
    pressure.begin(() => 'hard', 120);
    expect([pressure.totalMs('soft', 150), pressure.totalMs('hard', 150)]).toEqual([50, 0]);
    pressure.end(160);
    pressure.begin(() => 'hard', 200);
    pressure.end(500);
    pressure.end(600);
    expect(counters.backPressuredMs).toBe(360);
    expect([pressure.totalMs('soft', 600), pressure.totalMs('hard', 600)]).toEqual([60, 300]);
    expect([pressure.longestMs('soft', 600), pressure.longestMs('hard', 600)]).toEqual([60, 300]);
    expect(pressure.longestMs('hard', 200_000)).toBe(0);
    expect(pressure.isBlocked).toBe(false);
  });
});

describe('back pressure of tasks', () => {
  it('when a sink waits, then its task is blocked softly, and its mailbox is empty', async () => {
    const job = new TestJob([
      { operators: [numbers(1_000), sinkOperator(collectingSink([], NEVER))], parallelism: 1 },
    ]);
    job.start();
    await job.clock.runFor(3_000);
    expect(taskValues(job.tasks[0]?.collectMetrics(3_000))).toMatchObject({
      isBackPressured: true,
      hardBackPressuredTimeMsPerSecond: 0,
      maxHardBackPressureTimeMs: 0,
      maxSoftBackPressureTimeMs: 2_999,
      mailboxQueueSize: 0,
    });
    await job.stop();
  });

  it.each<[Carrier, number]>([
    ['slot', 1],
    ['process', 0.25],
  ])(
    'when one record becomes more than a %s channel takes, then its task is blocked hard, and the reader tells what waits',
    async (carrier, usage) => {
      const explode = flatMapOperator((n: number, out: Collector<number>) => {
        for (let i = 0; i < 40_000; i += 1) out.collect(n);
      });
      const job = new TestJob(
        [
          { operators: [numbers(100), explode], parallelism: 1 },
          { operators: [sinkOperator(collectingSink([], NEVER))], parallelism: 1 },
        ],
        { carrier, ringBytes: 16 * 1024 },
      );
      job.start();
      await job.clock.runFor(2_000);
      expect(taskValues(job.tasks[0]?.collectMetrics(2_000))).toMatchObject({
        softBackPressuredTimeMsPerSecond: 0,
        maxHardBackPressureTimeMs: 1_999,
        'buffers.outPoolUsage': 1,
      });
      const reader = taskValues(job.tasks[1]?.collectMetrics(2_000));
      expect(reader['buffers.inPoolUsage']).toBeGreaterThanOrEqual(usage);
      expect(reader['buffers.inputQueueLength']).toBeGreaterThan(0);
      const bytes = reader['Shuffle.Netty.Input.Buffers.inputQueueSize'];
      if (carrier === 'slot') expect(bytes).toBe(0);
      else expect(bytes).toBe((reader['buffers.inPoolUsage'] as number) * 16 * 1024);
      await job.stop();
    },
  );

  it('when control messages come, then the mailbox counts them and tells how long its probe waited', async () => {
    const job = new TestJob([
      { operators: [numbers(1_000), sinkOperator(collectingSink([], NEVER))], parallelism: 1 },
    ]);
    const [task] = job.tasks;
    task?.addSplits([], 0);
    job.start();
    await job.clock.runFor(1_000);
    task?.notifyCheckpointAborted(7);
    task?.collectMetrics(1_000);
    await job.clock.runFor(1_000);
    const values = taskValues(task?.collectMetrics(2_000));
    expect(values).toMatchObject({ mailboxLatencyMs: { count: 1, max: 0 }, mailboxQueueSize: 0 });
    expect(values['mailboxMailsPerSecond']).toMatchObject({ count: expect.any(Number) as number });
    expect((values['mailboxMailsPerSecond'] as { count: number }).count).toBeGreaterThanOrEqual(2);
    await job.stop();
  });
});
