import type { MetricSample, MetricSamples } from '../protocol/metrics.ts';

export type MetricValue = number | string | boolean;
/** Values by name, as the REST interface names them. */
export type MetricValues = Map<string, MetricValue>;

/** Adds the values of a group: counters by their count, meters by their rate, histograms as several values. */
export function addValues(values: MetricValues, group: MetricSamples, operatorPrefix: boolean): void {
  const operator = operatorPrefix ? group.variables['operator_name'] : undefined;
  const prefix = [...(operator === undefined ? [] : [operator]), ...group.path.flat()]
    .map((part) => `${part}.`)
    .join('');
  for (const sample of group.samples) addSample(values, `${prefix}${sample.name}`, sample);
}

function addSample(values: MetricValues, name: string, sample: MetricSample): void {
  switch (sample.type) {
    case 'counter':
    case 'gauge':
      values.set(name, sample.value);
      return;
    case 'meter':
      values.set(name, sample.value.rate);
      return;
    case 'histogram':
      for (const [statistic, value] of Object.entries(sample.value))
        values.set(`${name}_${statistic}`, value);
  }
}
