import { hostname } from 'node:os';
import type { Configuration } from '../../../src/config/configuration.ts';
import { scopeFormats } from '../../../src/config/metric-settings.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import { reporterSettings } from '../../../src/config/reporter-settings.ts';
import type { ReporterSettings } from '../../../src/config/reporter-settings.ts';
import { MetricRegistry } from '../../../src/metrics/metric-registry.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import { startLogReporter } from './log-reporter.ts';
import type { MetricReporter, ReporterContext } from './metric-reporter.ts';
import { ProcessMeter } from './process-meter.ts';
import { PrometheusReporter } from './prometheus-reporter.ts';

/** Metrics of one process. */
export interface OpenMetrics {
  readonly registry: MetricRegistry;
  readonly meter: ProcessMeter;
  /** Ends the reporters; never fails. */
  close(): Promise<void>;
}

/**
 * The metrics of a process with the reporters that `metrics.*` names.
 * @throws ConfigurationError for a reporter that cannot be, ExternalError for one that cannot listen
 */
export async function openMetrics(
  configuration: Configuration,
  process: { readonly role: string; readonly clusterId: string },
  logger: Logger,
): Promise<OpenMetrics> {
  const settings = reporterSettings(configuration);
  const meter = new ProcessMeter();
  const registry = new MetricRegistry({
    host: hostname(),
    formats: scopeFormats(configuration),
    perChannel: configuration.get(OPTIONS.detailedNetworkMetrics),
    process: meter.readers(),
  });
  const reporters: MetricReporter[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(reporters.map((reporter) => reporter.close()));
    meter.close();
  };
  try {
    for (const one of settings) reporters.push(await start({ registry, logger, ...process }, one));
  } catch (error) {
    await close();
    throw error;
  }
  return { registry, meter, close };
}

async function start(context: ReporterContext, settings: ReporterSettings): Promise<MetricReporter> {
  switch (settings.kind) {
    case 'prometheus':
      return PrometheusReporter.start(context, settings);
    case 'otlp': {
      // The exporter is loaded only where it is wanted.
      const { startOtlpReporter } = await import('./otlp-metric-reporter.ts');
      return startOtlpReporter(context, settings);
    }
    case 'log':
      return startLogReporter(context, settings);
  }
}
