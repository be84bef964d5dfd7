import type { HistogramValue, MetricSample, MetricSamples } from '../protocol/metrics.ts';
import { logicalScope } from './logical-scope.ts';

export interface PrometheusOptions {
  /** Whether characters of label values other than `[a-zA-Z0-9:_]` become `_`, as in Flink. */
  readonly filterLabelValues: boolean;
}

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The name that a metric has in Prometheus: `flink_`, the logical scope and the metric's own. */
export function prometheusName(scope: readonly string[], name: string): string {
  return clean(['flink', ...scope, name].join('_'));
}

const QUANTILES = [
  ['0.5', 'median'],
  ['0.75', 'p75'],
  ['0.95', 'p95'],
  ['0.98', 'p98'],
  ['0.99', 'p99'],
  ['0.999', 'p999'],
] as const satisfies readonly (readonly [string, keyof HistogramValue])[];

interface Family {
  readonly type: 'gauge' | 'summary';
  readonly lines: string[];
  readonly series: Set<string>;
}

/**
 * All groups in Prometheus' text format. As in Flink, counters and meters are gauges (of the count and of the rate), histograms are
 * summaries, texts are left out. Of two series that have the same name and labels the first stays.
 */
export function prometheusText(groups: readonly MetricSamples[], options: PrometheusOptions): string {
  const families = new Map<string, Family>();
  for (const group of groups) {
    const labels = labelsOf(group.variables, options);
    const scope = logicalScope(group);
    for (const sample of group.samples)
      addSample(families, prometheusName(scope, sample.name), labels, sample);
  }
  const text: string[] = [];
  for (const [name, { type, lines }] of families) text.push(`# TYPE ${name} ${type}\n`, ...lines);
  return text.join('');
}

function addSample(
  families: Map<string, Family>,
  name: string,
  labels: readonly string[],
  sample: MetricSample,
): void {
  switch (sample.type) {
    case 'counter':
      return addSeries(families, name, 'gauge', labels, [[name, labels, sample.value]]);
    case 'meter':
      return addSeries(families, name, 'gauge', labels, [[name, labels, sample.value.rate]]);
    case 'gauge':
      if (typeof sample.value === 'string') return;
      return addSeries(families, name, 'gauge', labels, [[name, labels, Number(sample.value)]]);
    case 'histogram': {
      const { value } = sample;
      const quantiles = QUANTILES.map(([quantile, statistic]): Point => {
        return [name, [...labels, `quantile="${quantile}"`], value[statistic]];
      });
      return addSeries(families, name, 'summary', labels, [
        ...quantiles,
        [`${name}_count`, labels, value.count],
      ]);
    }
  }
}

type Point = readonly [name: string, labels: readonly string[], value: number];

function addSeries(
  families: Map<string, Family>,
  name: string,
  type: Family['type'],
  labels: readonly string[],
  points: readonly Point[],
): void {
  let family = families.get(name);
  if (family === undefined) {
    family = { type, lines: [], series: new Set() };
    families.set(name, family);
  }
  const series = labels.join(',');
  if (family.type !== type || family.series.has(series)) return;
  family.series.add(series);
  for (const [own, ownLabels, value] of points) {
    const written = ownLabels.length === 0 ? '' : `{${ownLabels.join(',')}}`;
    family.lines.push(`${own}${written} ${numberText(value)}\n`);
  }
}

function labelsOf(variables: Readonly<Record<string, string>>, options: PrometheusOptions): string[] {
  const labels = new Map<string, string>();
  for (const [name, value] of Object.entries(variables)) {
    const label = labelName(name);
    const text = options.filterLabelValues ? clean(value) : escape(value);
    if (!labels.has(label)) labels.set(label, `${label}="${text}"`);
  }
  return [...labels.values()];
}

/** Label names have no colon, do not begin with a digit, and leave two underscores to Prometheus. */
function labelName(name: string): string {
  const cleaned = name.replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^_{2,}/, '_');
  return /^[0-9]/.test(cleaned) || cleaned === '' ? `_${cleaned}` : cleaned;
}

function clean(text: string): string {
  return text.replaceAll(/[^a-zA-Z0-9:_]/g, '_');
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Number.isInteger(value) && Math.abs(value) >= 1e21 ? BigInt(value).toString() : String(value);
}
