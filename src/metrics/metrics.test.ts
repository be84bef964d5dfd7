import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../base/errors.ts';
import { METRIC_VIEW_INTERVAL_MS, METRICS_PER_OPERATOR_MAX } from '../base/limits.ts';
import { MetricComponent } from './component.ts';
import { DescriptiveStatisticsHistogram } from './descriptive-statistics-histogram.ts';
import { MeterView } from './meter-view.ts';
import { RateWindow } from './rate-window.ts';
import { checkScopeFormat, DEFAULT_SCOPE_FORMATS } from './scope-formats.ts';
import { SimpleCounter } from './simple-counter.ts';
import { SystemMetrics } from './system/system-metrics.ts';
import { TASK_METRICS } from './system/task-metrics.ts';
import { operatorComponent } from './test-support/operator-component.ts';

const operator = (warnings: string[] = []): MetricComponent =>
  operatorComponent('Map', (message) => warnings.push(message));
const VARIABLES = operator().variables;

describe('RateWindow', () => {
  it('when a count grows evenly, then the rate is its growth per second whatever the times of looking', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 2, maxLength: 100 }),
        (perSecond, pauses) => {
          const window = new RateWindow(60);
          let now = 1_000;
          for (const pause of pauses) {
            now += pause;
            window.update((now * perSecond) / 1_000, now);
          }
          expect(window.rate).toBeCloseTo(perSecond, 3);
        },
      ),
    );
  });

  it('when a count stops growing for longer than the window, then the rate is 0', () => {
    const window = new RateWindow(60);
    for (let now = 0; now <= 60_000; now += METRIC_VIEW_INTERVAL_MS) window.update(now, now);
    expect(window.rate).toBe(1_000);
    for (let now = 65_000; now <= 130_000; now += METRIC_VIEW_INTERVAL_MS) window.update(60_000, now);
    expect(window.rate).toBe(0);
  });

  it('when it was shown one count only, then the rate is 0', () => {
    const window = new RateWindow(1);
    window.update(1_000_000, 5);
    expect(window.rate).toBe(0);
  });
});

describe('MeterView', () => {
  it('when events are marked and time passes, then it tells their rate and their number', () => {
    const meter = new MeterView(10);
    meter.update(0);
    meter.markEvent();
    meter.markEvent(99);
    meter.update(5_000);
    expect([meter.getRate(), meter.getCount()]).toEqual([20, 100]);
  });

  it('when it is made over a counter, then it measures the growth of that', () => {
    const counter = new SimpleCounter();
    const meter = new MeterView(counter, 60);
    meter.update(0);
    counter.inc(50);
    meter.update(10_000);
    expect([meter.getRate(), meter.getCount()]).toEqual([5, 50]);
  });

  it.each([0, -1, Number.NaN, 1e9])('when the span is %s seconds, then it is refused', (seconds) => {
    expect(() => new MeterView(seconds)).toThrow(UserError);
  });
});

describe('DescriptiveStatisticsHistogram', () => {
  it('when there are more values than places, then the last ones count', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 200 }),
        (places, values) => {
          const histogram = new DescriptiveStatisticsHistogram(places);
          for (const value of values) histogram.update(value);
          const held = values.slice(-places).toSorted((a, b) => a - b);
          const statistics = histogram.getStatistics();
          expect([histogram.getCount(), statistics.size]).toEqual([values.length, held.length]);
          expect([statistics.min, statistics.max]).toEqual([held[0], held.at(-1)]);
          expect(statistics.mean).toBeCloseTo(held.reduce((a, b) => a + b, 0) / held.length, 6);
          const quantiles = [0, 0.25, 0.5, 0.75, 0.99, 1].map((q) => statistics.getQuantile(q));
          expect(quantiles).toEqual(quantiles.toSorted((a, b) => a - b));
          expect([quantiles[0], quantiles.at(-1)]).toEqual([held[0], held.at(-1)]);
        },
      ),
    );
  });

  it('when it holds 1 to 99, then quantiles are their places', () => {
    const histogram = new DescriptiveStatisticsHistogram();
    for (let value = 1; value < 100; value += 1) histogram.update(value);
    const statistics = histogram.getStatistics();
    expect([0.5, 0.75, 0.99].map((q) => statistics.getQuantile(q))).toEqual([50, 75, 99]);
    expect(statistics.stdDev).toBeCloseTo(28.7228, 3);
  });

  it('when it is empty, then all statistics are 0', () => {
    const statistics = new DescriptiveStatisticsHistogram(5).getStatistics();
    const { size, min, max, mean, stdDev } = statistics;
    expect([size, min, max, mean, stdDev, statistics.getQuantile(0.99)]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('a metric group', () => {
  it('when metrics of each type are registered, then they are collected with scope, variables and groups', () => {
    const component = operator();
    component.group.counter('made').inc(3);
    const kinds = component.group.addGroup('kind', 'left');
    kinds.gauge('open', () => 7n);
    kinds.gauge('text', { getValue: () => 'x'.repeat(5_000) });
    component.group.addGroup('timing').histogram('latency').update(5);
    component.group.meter('events').markEvent(4);
    const [own, left, timing] = component.collect(0);
    expect(own).toEqual({
      scope: 'taskmanager_job_task_operator',
      variables: VARIABLES,
      path: [],
      samples: [
        { type: 'counter', name: 'made', value: 3 },
        { type: 'meter', name: 'events', value: { rate: 0, count: 4 } },
      ],
    });
    expect(left).toMatchObject({ path: [['kind', 'left']], variables: { ...VARIABLES, kind: 'left' } });
    expect(left?.samples[0]).toEqual({ type: 'gauge', name: 'open', value: 7 });
    expect(left?.samples[1]?.value).toHaveLength(1_000);
    expect(timing).toMatchObject({
      path: [['timing']],
      samples: [{ type: 'histogram', value: { count: 1, median: 5 } }],
    });
  });

  it('when a metric is asked for again, then it is the same; when another type has its name, then that is not reported', () => {
    const warnings: string[] = [];
    const component = operator(warnings);
    const { group } = component;
    expect(group.counter('a')).toBe(group.counter('a'));
    expect(group.addGroup('b')).toBe(group.addGroup('b'));
    expect(group.addGroup('b', '1')).not.toBe(group.addGroup('b', '2'));
    group.meter('a').markEvent();
    expect(component.collect(0).flatMap(({ samples }) => samples)).toEqual([
      { type: 'counter', name: 'a', value: 0 },
    ]);
    expect(warnings).toEqual([expect.stringContaining('h1.taskmanager.tm.my job.Map.3.a')]);
  });

  it('when a metric is registered for each key, then so many are reported and the rest is said once', () => {
    const warnings: string[] = [];
    const component = operator(warnings);
    for (let key = 0; key < METRICS_PER_OPERATOR_MAX + 50; key += 1)
      component.group.counter(`key ${key}`).inc();
    expect(component.collect(0)[0]?.samples).toHaveLength(METRICS_PER_OPERATOR_MAX);
    expect(warnings).toEqual([expect.stringContaining('register in open()')]);
  });

  it('when a gauge throws or gives nothing, then the others are collected and it is said once', () => {
    const warnings: string[] = [];
    const component = operator(warnings);
    component.group.gauge('broken', () => {
      throw new Error('no connection');
    });
    component.group.gauge('empty', (() => undefined) as unknown as () => number);
    component.group.gauge('good', () => Number.NaN);
    for (let times = 0; times < 3; times += 1)
      expect(component.collect(times).flatMap(({ samples }) => samples.map(({ name }) => name))).toEqual([
        'good',
      ]);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('no connection');
  });

  it.each(['', 'x'.repeat(201), undefined])('when the name is %j, then it is refused', (name) => {
    expect(() => operator().group.counter(name as string)).toThrow(UserError);
  });

  it('when the scope has a format, then identifiers and components are made by it', () => {
    const { group } = new MetricComponent({
      scope: 'taskmanager_job_task_operator',
      variables: VARIABLES,
      formats: {
        formats: {
          ...DEFAULT_SCOPE_FORMATS.formats,
          taskmanager_job_task: 'job.<job_id>.<task_name>',
          taskmanager_job_task_operator: '*.<operator_name>',
        },
        delimiter: '/',
      },
    });
    expect(group.addGroup('k', 'v').getMetricIdentifier('m')).toBe('job/j/Map -> Sink/Map/k/v/m');
    expect(group.addGroup('k', 'v').getAllVariables()).toMatchObject({ '<job_name>': 'my job', '<k>': 'v' });
  });
});

describe('checkScopeFormat', () => {
  it('when a variable is not of the scope, then the error names those that are', () => {
    expect(() => checkScopeFormat('metrics.scope.jm', '<host>.<tm_id>', 'jobmanager')).toThrow(
      'metrics.scope.jm: there is no variable <tm_id> in this scope; there are <host>',
    );
  });

  it('when the outermost scope is to go on from another, then it is refused', () => {
    expect(() => checkScopeFormat('metrics.scope.tm', '*.x', 'taskmanager')).toThrow(/outer scope/);
  });
});

describe('SystemMetrics', () => {
  it('when counts grow, then counters show them, rates their growth, and what cannot be told is left out', () => {
    let records = 0;
    const metrics = new SystemMetrics(TASK_METRICS, {
      numRecordsIn: () => records,
      numRecordsInPerSecond: () => records,
      busyTimeMsPerSecond: () => records / 10,
      initializationTime: () => undefined,
      isBackPressured: () => true,
    });
    metrics.collect(0);
    records = 5_000;
    expect(metrics.collect(5_000)).toEqual([
      { type: 'counter', name: 'numRecordsIn', value: 5_000 },
      { type: 'meter', name: 'numRecordsInPerSecond', value: { rate: 1_000, count: 5_000 } },
      { type: 'gauge', name: 'busyTimeMsPerSecond', value: 100 },
      { type: 'gauge', name: 'isBackPressured', value: true },
    ]);
  });
});
