import type { ReporterSettings } from '../../../src/config/reporter-settings.ts';
import { scopeComponents } from '../../../src/metrics/scope-formats.ts';
import type { MetricSample } from '../../../src/protocol/metrics.ts';
import { PeriodicReporter, reportable } from './metric-reporter.ts';
import type { MetricReporter, ReporterContext } from './metric-reporter.ts';

/** A line of the log for each group: its scope, as `metrics.scope.*` writes it, and its metrics by name. */
export function startLogReporter(
  context: ReporterContext,
  settings: Extract<ReporterSettings, { kind: 'log' }>,
): MetricReporter {
  const { logger, registry } = context;
  return new PeriodicReporter(settings.name, settings.intervalMs, logger, () => {
    for (const group of reportable(context, settings)) {
      const scope = [
        ...scopeComponents(registry.formats, group.scope, group.variables),
        ...group.path.flat(),
      ];
      const metrics = Object.fromEntries(group.samples.map((sample) => [sample.name, valueOf(sample)]));
      logger.info('metrics', { scope: scope.join(settings.delimiter), metrics });
    }
    return Promise.resolve();
  });
}

function valueOf(sample: MetricSample): unknown {
  return sample.type === 'meter' ? sample.value.rate : sample.value;
}
