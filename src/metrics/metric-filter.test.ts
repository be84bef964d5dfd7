import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../base/errors.ts';
import type { MetricSamples } from '../protocol/metrics.ts';
import { MetricFilter } from './metric-filter.ts';

const GROUP: MetricSamples = {
  scope: 'taskmanager_job_task',
  variables: {},
  path: [],
  samples: [
    { type: 'counter', name: 'numRecordsIn', value: 1 },
    { type: 'meter', name: 'numRecordsInPerSecond', value: { rate: 1, count: 1 } },
    { type: 'gauge', name: 'Shuffle.Netty.Output.Buffers.outPoolUsage', value: 0 },
  ],
};

function names(includes: string, excludes = ''): string[] {
  const filter = MetricFilter.parse({ key: 'in', text: includes }, { key: 'out', text: excludes });
  return filter.apply(GROUP)?.samples.map(({ name }) => name.slice(name.lastIndexOf('.') + 1)) ?? [];
}

describe('MetricFilter', () => {
  it.each([
    ['*:*:*', '', ['numRecordsIn', 'numRecordsInPerSecond', 'outPoolUsage']],
    ['*', '', ['numRecordsIn', 'numRecordsInPerSecond', 'outPoolUsage']],
    ['taskmanager.job.task:numRecords*', '', ['numRecordsIn', 'numRecordsInPerSecond']],
    ['*:*:counter,gauge', '', ['numRecordsIn', 'outPoolUsage']],
    ['taskmanager.job.task.Shuffle.*', '', ['outPoolUsage']],
    ['*:*PerSecond,outPoolUsage', '', ['numRecordsInPerSecond', 'outPoolUsage']],
    ['jobmanager*', '', []],
    ['*', '*:*PerSecond;*:outPoolUsage', ['numRecordsIn']],
    ['*:*Records.n', '', []],
    ['', '', []],
  ])('when it includes %j and excludes %j, then %j are left', (includes, excludes, left) => {
    expect(names(includes, excludes)).toEqual(left);
  });

  it.each([
    ['a:b:c:d', 'three parts'],
    ['*:*:timer', 'there are counter, gauge, meter, histogram'],
  ])('when it is %j, then it is refused', (text, why) => {
    expect(() => names(text)).toThrow(ConfigurationError);
    expect(() => names(text)).toThrow(why);
  });
});
