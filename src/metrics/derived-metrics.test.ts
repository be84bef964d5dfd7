import { describe, expect, it } from 'vitest';
import { deriveJobMetrics, deriveProcessMetrics } from './derived-metrics.ts';
import type { SubtaskMetrics } from './metric-store.ts';
import type { MetricValue, MetricValues } from './metric-values.ts';

function subtask(values: Readonly<Record<string, MetricValue>>, eventTimeLag?: number): SubtaskMetrics {
  return { attempt: 0, values: new Map(Object.entries(values)), eventTimeLag };
}

function derive(...vertices: readonly SubtaskMetrics[][]): Record<string, MetricValue> {
  const job: MetricValues = new Map([['numRestarts', 2]]);
  deriveJobMetrics(
    job,
    vertices.map((subtasks) => new Map(subtasks.entries())),
  );
  return Object.fromEntries(job);
}

describe('deriveJobMetrics', () => {
  it('when subtasks are known, then counts are summed, and lag and backpressure are those of the worst', () => {
    const blocked = (ms: number): Record<string, MetricValue> => ({ backPressuredTimeMsPerSecond: ms });
    const source = [
      subtask({ numRecordsIn: 10, numBytesOutPerSecond: 5, ...blocked(900) }, 4_000),
      subtask({ numRecordsIn: 20, ...blocked(300) }, 70_000),
    ];
    const sink = [subtask({ numRecordsIn: 3, isBackPressured: false, ...blocked(0) })];
    expect(derive(source, sink)).toMatchObject({
      numRecordsIn: 33,
      numRecordsOut: 0,
      numBytesOutPerSecond: 5,
      bytesOutPerSecond: 5,
      backpressureMean: 0.6,
      backpressure_mean: 0.6,
      eventTimeLag: 70_000,
      numRestarts: 2,
      numberOfRestarts: 2,
    });
  });

  it('when nothing is known of subtasks, or a metric is no number, then nothing is made up', () => {
    expect(derive()).toEqual({ numRestarts: 2, numberOfRestarts: 2 });
    const odd = derive([subtask({ numRecordsIn: Number.NaN, backPressuredTimeMsPerSecond: 'x' })]);
    expect(odd).toMatchObject({ numRecordsIn: 0, backpressureMean: 0 });
    expect(odd).not.toHaveProperty('eventTimeLag');
  });
});

describe('deriveProcessMetrics', () => {
  it('when the limit of the heap is known, then its usage is a share of that', () => {
    const values: MetricValues = new Map([
      ['Status.JVM.Memory.Heap.Used', 30],
      ['Status.JVM.Memory.Heap.Max', 40],
    ]);
    deriveProcessMetrics(values);
    expect(values.get('jvmHeapUsage')).toBe(0.75);
    const none: MetricValues = new Map();
    deriveProcessMetrics(none);
    expect(none.size).toBe(0);
  });
});
