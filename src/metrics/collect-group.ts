import { METRIC_TEXT_CHARS_MAX } from '../base/limits.ts';
import type { Gauge, GaugeValue, Histogram } from '../functions/metrics.ts';
import type { HistogramValue, MetricSample, MetricSamples } from '../protocol/metrics.ts';
import { MeterView } from './meter-view.ts';
import { pathVariables } from './registered-group.ts';
import type { GroupOwner, RegisteredGroup, RegisteredMetric } from './registered-group.ts';

/**
 * What a group and those below it measure now. Groups without metrics are left out.
 * @param now monotonic ms
 */
export function collectGroup(owner: GroupOwner, group: RegisteredGroup, now: number): MetricSamples[] {
  const own = [...group.metrics].flatMap(([name, metric]) => sampleOf(owner, name, metric, now) ?? []);
  const below = [...group.groups.values()].flatMap((child) => collectGroup(owner, child, now));
  if (own.length === 0) return below;
  const variables = { ...owner.variables, ...pathVariables(group.path) };
  const path = group.path.map((step) => [...step]);
  return [{ scope: owner.scope, variables, path, samples: own }, ...below];
}

/** A metric of a user that throws is left out, and said once. */
function sampleOf(
  owner: GroupOwner,
  name: string,
  registered: RegisteredMetric,
  now: number,
): MetricSample | undefined {
  try {
    return read(name, registered, now);
  } catch (error) {
    if (!BROKEN.has(registered.metric)) {
      BROKEN.add(registered.metric);
      owner.warn(
        `metric "${name}" cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return undefined;
  }
}

const BROKEN = new WeakSet();

function read(name: string, { type, metric }: RegisteredMetric, now: number): MetricSample | undefined {
  switch (type) {
    case 'counter':
      return { type, name, value: metric.getCount() };
    case 'gauge':
      return { type, name, value: gaugeValue(metric) };
    case 'meter':
      if (metric instanceof MeterView) metric.update(now);
      return { type, name, value: { rate: metric.getRate(), count: metric.getCount() } };
    case 'histogram':
      return { type, name, value: histogramValue(metric) };
  }
}

function gaugeValue(gauge: Gauge): number | string | boolean {
  const value: GaugeValue = typeof gauge === 'function' ? gauge() : gauge.getValue();
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string') return value.slice(0, METRIC_TEXT_CHARS_MAX);
  throw new TypeError(`a gauge is a number, a text or a boolean, not ${typeof value}`);
}

/** Statistics as they are reported. */
export function histogramValue(histogram: Histogram): HistogramValue {
  const statistics = histogram.getStatistics();
  const { min, max, mean, stdDev: stddev } = statistics;
  return {
    count: histogram.getCount(),
    min,
    max,
    mean,
    stddev,
    median: statistics.getQuantile(0.5),
    p75: statistics.getQuantile(0.75),
    p90: statistics.getQuantile(0.9),
    p95: statistics.getQuantile(0.95),
    p98: statistics.getQuantile(0.98),
    p99: statistics.getQuantile(0.99),
    p999: statistics.getQuantile(0.999),
  };
}
