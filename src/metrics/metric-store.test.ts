import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METRIC_REPORT_BYTES } from '../base/limits.ts';
import type { Epoch, TaskManagerId } from '../base/ids.ts';
import { encodeMessage } from '../protocol/codec.ts';
import type { MetricReport, MetricSamples } from '../protocol/metrics.ts';
import { MetricStore } from './metric-store.ts';
import { reportParts } from './report-parts.ts';

function task(subtask: number, attempt: number, value: number, operator?: string): MetricSamples {
  return {
    scope: operator === undefined ? 'taskmanager_job_task' : 'taskmanager_job_task_operator',
    variables: {
      job_id: 'job',
      task_id: 'v',
      subtask_index: String(subtask),
      task_attempt_num: String(attempt),
      ...(operator === undefined ? {} : { operator_name: operator }),
    },
    path: [],
    samples: [{ type: 'counter', name: 'numRecordsIn', value }],
  };
}

function report(taskManager: string, number: number, ...parts: readonly MetricSamples[][]): MetricReport[] {
  return parts.map((groups, part) => ({
    type: 'metricReport',
    epoch: 1 as Epoch,
    taskManagerId: taskManager as TaskManagerId,
    report: number,
    part,
    parts: parts.length,
    groups,
  }));
}

function values(store: MetricStore): Record<string, unknown> {
  return Object.fromEntries(
    [...store.subtasks('job', 'v')].map(([index, metrics]) => [index, Object.fromEntries(metrics)]),
  );
}

describe('MetricStore', () => {
  it('when reports come, then subtasks have the metrics of their task and, by name, of its operators', () => {
    const store = new MetricStore(1_000);
    const own: MetricSamples = {
      scope: 'taskmanager',
      variables: {},
      path: [],
      samples: [{ type: 'gauge', name: 'Status.JVM.CPU.Load', value: 0.5 }],
    };
    for (const part of report('a', 0, [own, task(0, 0, 3), task(0, 0, 4, 'Map')])) store.accept(part, 0);
    for (const part of report('b', 0, [task(1, 0, 5)])) store.accept(part, 0);
    expect(values(store)).toEqual({ 0: { numRecordsIn: 3, 'Map.numRecordsIn': 4 }, 1: { numRecordsIn: 5 } });
    expect(store.taskManager('a')).toEqual(new Map([['Status.JVM.CPU.Load', 0.5]]));
    expect(store.subtasks('other', 'v').size).toBe(0);
  });

  it('when an older attempt is still in a report, then the newer one counts', () => {
    const store = new MetricStore(1_000);
    for (const part of report('a', 0, [task(0, 1, 7), task(0, 0, 3)])) store.accept(part, 0);
    for (const part of report('b', 0, [task(0, 0, 100)])) store.accept(part, 0);
    expect(values(store)).toEqual({ 0: { numRecordsIn: 7 } });
  });

  it('when a part is missing, then the last whole report holds; when it comes in any order, then the new one', () => {
    const store = new MetricStore(1_000);
    const [first] = report('a', 0, [task(0, 0, 1)]);
    if (first !== undefined) store.accept(first, 0);
    const [left, right] = report('a', 1, [task(0, 0, 2)], [task(1, 0, 2)]);
    if (right !== undefined) store.accept(right, 1);
    expect(values(store)).toEqual({ 0: { numRecordsIn: 1 } });
    if (left !== undefined) store.accept(left, 2);
    expect(values(store)).toEqual({ 0: { numRecordsIn: 2 }, 1: { numRecordsIn: 2 } });
  });

  it('when a report comes late or twice, then the newer one holds', () => {
    const store = new MetricStore(1_000);
    const [older] = report('a', 1, [task(0, 0, 1)]);
    const [newer] = report('a', 2, [task(0, 0, 2)]);
    for (const one of [older, newer, older, newer, older]) if (one !== undefined) store.accept(one, 0);
    expect(values(store)).toEqual({ 0: { numRecordsIn: 2 } });
  });

  it('when a TaskManager is silent for too long, then it is forgotten', () => {
    const store = new MetricStore(1_000);
    for (const part of report('a', 0, [task(0, 0, 1)])) store.accept(part, 0);
    store.sweep(1_000);
    expect(store.taskManagers()).toEqual(['a']);
    store.sweep(1_001);
    expect([store.taskManagers(), values(store)]).toEqual([[], {}]);
  });
});

describe('reportParts', () => {
  it('when metrics are cut into parts, then all are there once and each part fits a message', () => {
    const name = fc.string({ minLength: 1, maxLength: 200 });
    const groups = fc.array(
      fc.record({ subtask: fc.nat(9), samples: fc.integer({ min: 1, max: 3_000 }), name }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(groups, (drawn) => {
        const all = drawn.map(({ subtask, samples, name: base }): MetricSamples => ({
          ...task(subtask, 0, 0),
          samples: Array.from({ length: samples }, (_, i) => ({
            type: 'counter',
            name: `${base}${i}`,
            value: i,
          })),
        }));
        const { parts, leftOut } = reportParts(all);
        expect(leftOut).toBe(0);
        const count = (groupsOf: readonly MetricSamples[]): number =>
          groupsOf.reduce((sum, { samples }) => sum + samples.length, 0);
        expect(count(parts.flat())).toBe(count(all));
        for (const part of parts)
          expect(encodeMessage({ groups: part }).byteLength).toBeLessThan(2 * METRIC_REPORT_BYTES);
      }),
      { numRuns: 30 },
    );
  });

  it('when there is nothing to report, then there is one empty part', () => {
    expect(reportParts([])).toEqual({ parts: [[]], leftOut: 0 });
  });
});
