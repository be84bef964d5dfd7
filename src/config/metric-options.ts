import { DEFAULT_SCOPE_FORMATS, checkScopeFormat } from '../metrics/scope-formats.ts';
import type { MetricScope } from '../protocol/metrics.ts';
import { ConfigurationError } from '../base/errors.ts';
import { booleanOption, durationOption, refusedOption, stringOption } from './option.ts';
import type { ConfigOption } from './option.ts';

/** A scope format: checked for variables that its scope does not have. */
function scopeFormat(key: string, scope: MetricScope, what: string, alias?: string): ConfigOption<string> {
  const option = stringOption(key, {
    defaultValue: DEFAULT_SCOPE_FORMATS.formats[scope],
    description: `Scope of metrics of ${what}, for reporters without labels and in identifiers.`,
    ...(alias === undefined ? {} : { aliases: [alias] }),
  });
  return { ...option, parse: (text) => checkScopeFormat(key, text, scope) };
}

const STATUS_METRICS = ['STATE', 'CURRENT_TIME', 'TOTAL_TIME'] as const;
export type JobStatusMetric = (typeof STATUS_METRICS)[number];

function jobStatusMetrics(): ConfigOption<readonly JobStatusMetric[]> {
  const key = 'metrics.job.status.enable';
  return {
    key,
    aliases: [],
    type: `list of ${STATUS_METRICS.join(', ')}`,
    defaultValue: ['CURRENT_TIME'],
    description:
      'Which metrics tell of the states of a job: whether it is in one, since when, how long in all.',
    parse: (text) =>
      text
        .split(/[,;]/)
        .map((word) => word.trim().toUpperCase())
        .filter((word) => word !== '')
        .map((word) => {
          const known = STATUS_METRICS.find((name) => name === word);
          if (known !== undefined) return known;
          throw new ConfigurationError(
            `${key}: "${word.slice(0, 100)}" is not one of ${STATUS_METRICS.join(', ')}`,
          );
        }),
  };
}

/** Metrics; those of one reporter are in `reporter-options.ts`. */
export const METRIC_OPTIONS = {
  metricReporters: stringOption('metrics.reporters', {
    defaultValue: undefined,
    description:
      'Names of the reporters to start, separated by commas; `prometheus`, `otlp` and `log` need nothing more. Unset: all that are configured by `metrics.reporter.<name>.factory.class`.',
  }),
  metricFetchInterval: durationOption('metrics.fetcher.update-interval', {
    defaultValue: 10_000,
    description:
      'How often TaskManagers hand their metrics to the JobManager, for its REST interface and alerts; 0: never.',
  }),
  jobStatusMetrics: jobStatusMetrics(),
  detailedNetworkMetrics: booleanOption('taskmanager.network.detailed-metrics', {
    defaultValue: false,
    description: 'Whether each channel of a subtask has metrics of its own: records, batches, bytes, queue.',
  }),
  scopeDelimiter: stringOption('metrics.scope.delimiter', {
    defaultValue: DEFAULT_SCOPE_FORMATS.delimiter,
    description: 'Stands between the parts of a scope in identifiers.',
  }),
  scopeJobManager: scopeFormat('metrics.scope.jm', 'jobmanager', 'a JobManager'),
  scopeJobManagerJob: scopeFormat(
    'metrics.scope.jm-job',
    'jobmanager_job',
    'a job on its JobManager',
    'metrics.scope.jm.job',
  ),
  scopeJobManagerOperator: scopeFormat(
    'metrics.scope.jm-operator',
    'jobmanager_job_operator',
    'a coordinator of an operator',
  ),
  scopeTaskManager: scopeFormat('metrics.scope.tm', 'taskmanager', 'a TaskManager'),
  scopeTaskManagerJob: scopeFormat(
    'metrics.scope.tm-job',
    'taskmanager_job',
    'a job on a TaskManager',
    'metrics.scope.tm.job',
  ),
  scopeTask: scopeFormat('metrics.scope.task', 'taskmanager_job_task', 'a subtask'),
  scopeOperator: scopeFormat(
    'metrics.scope.operator',
    'taskmanager_job_task_operator',
    "an operator's subtask",
  ),
  latencyInterval: refusedOption('metrics.latency.interval', {
    reason: 'no latency markers flow; the lag of sources and watermarks tells how late a job is',
    harmless: ['0'],
  }),
  latencyGranularity: refusedOption('metrics.latency.granularity', {
    reason: 'no latency markers flow; the lag of sources and watermarks tells how late a job is',
  }),
  latencyHistory: refusedOption('metrics.latency.history-size', {
    reason: 'no latency markers flow; the lag of sources and watermarks tells how late a job is',
  }),
  systemResourceMetrics: refusedOption('metrics.system-resource', {
    reason: 'metrics of the machine come from an exporter of their own, such as node_exporter',
    harmless: ['false'],
  }),
};
