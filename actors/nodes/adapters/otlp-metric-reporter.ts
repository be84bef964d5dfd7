import { ValueType } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { ExternalError } from '../../../src/base/errors.ts';
import type { ReporterSettings } from '../../../src/config/reporter-settings.ts';
import { logicalScope } from '../../../src/metrics/logical-scope.ts';
import type { MetricSample, MetricSamples } from '../../../src/protocol/metrics.ts';
import { PeriodicReporter, reportable } from './metric-reporter.ts';
import type { MetricReporter, ReporterContext } from './metric-reporter.ts';

type Time = [seconds: number, nanos: number];
type Point = { readonly attributes: Readonly<Record<string, string>>; readonly value: number };

/** One metric with the points of all groups that have it. */
interface Series {
  readonly name: string;
  readonly kind: 'sum' | 'gauge';
  readonly points: Point[];
}

/** Sends all metrics to a collector, as OTLP over HTTP. */
export function startOtlpReporter(
  context: ReporterContext,
  settings: Extract<ReporterSettings, { kind: 'otlp' }>,
): MetricReporter {
  const { name, endpoint, timeoutMs, intervalMs } = settings;
  const exporter = new OTLPMetricExporter({ url: endpoint, timeoutMillis: timeoutMs });
  const resource = resourceFromAttributes({
    'service.name': `millrace-${context.role}`,
    'service.namespace': context.clusterId,
    'host.name': context.registry.host,
    'process.pid': process.pid,
  });
  const startedAt = timeOf(Date.now());
  const reporter = new PeriodicReporter(name, intervalMs, context.logger, () => {
    const metrics = metricData(reportable(context, settings), startedAt, timeOf(Date.now()));
    return send(exporter, { resource, scopeMetrics: [{ scope: { name: 'millrace' }, metrics }] });
  });
  return {
    close: async () => {
      await reporter.close();
      await exporter
        .shutdown()
        .catch((error: unknown) => context.logger.debug('exporter not closed', { error }));
    },
  };
}

function send(exporter: OTLPMetricExporter, metrics: ResourceMetrics): Promise<void> {
  return new Promise((resolve, reject) => {
    exporter.export(metrics, ({ code, error }) => {
      if (code === ExportResultCode.SUCCESS) resolve();
      else reject(error ?? new ExternalError('the collector took no metrics'));
    });
  });
}

function metricData(groups: readonly MetricSamples[], startTime: Time, endTime: Time): MetricData[] {
  const all = new Map<string, Series>();
  for (const group of groups) {
    const scope = ['flink', ...logicalScope(group)].join('.');
    for (const sample of group.samples) addSample(all, `${scope}.${sample.name}`, group.variables, sample);
  }
  return [...all.values()].map(({ name, kind, points }): MetricData => {
    const descriptor = { name, description: '', unit: '', valueType: ValueType.DOUBLE };
    const dataPoints = points.map((point) => ({ ...point, startTime, endTime }));
    const aggregationTemporality = AggregationTemporality.CUMULATIVE;
    return kind === 'sum'
      ? {
          descriptor,
          aggregationTemporality,
          dataPointType: DataPointType.SUM,
          isMonotonic: false,
          dataPoints,
        }
      : { descriptor, aggregationTemporality, dataPointType: DataPointType.GAUGE, dataPoints };
  });
}

/** Counters are sums that may be counted down; a histogram is a gauge for each of its statistics. */
function addSample(
  all: Map<string, Series>,
  name: string,
  attributes: Readonly<Record<string, string>>,
  sample: MetricSample,
): void {
  switch (sample.type) {
    case 'counter':
      return addPoint(all, name, 'sum', { attributes, value: sample.value });
    case 'meter':
      return addPoint(all, name, 'gauge', { attributes, value: sample.value.rate });
    case 'gauge':
      if (typeof sample.value === 'string') return;
      return addPoint(all, name, 'gauge', { attributes, value: Number(sample.value) });
    case 'histogram':
      for (const [statistic, value] of Object.entries(sample.value))
        addPoint(all, `${name}.${statistic}`, 'gauge', { attributes, value });
  }
}

function addPoint(all: Map<string, Series>, name: string, kind: Series['kind'], point: Point): void {
  const key = `${kind} ${name}`;
  const series = all.get(key) ?? { name, kind, points: [] };
  all.set(key, series);
  series.points.push(point);
}

function timeOf(ms: number): Time {
  return [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1e6)];
}
