import type { MetricScope } from '../../protocol/metrics.ts';
import { prometheusName } from '../prometheus-text.ts';
import type { MetricDefinitions } from './definition.ts';
import { COORDINATOR_METRICS, JOB_METRICS } from './job-metrics.ts';
import { OPERATOR_METRICS, SINK_METRICS, SOURCE_METRICS } from './operator-metrics.ts';
import { CLUSTER_METRICS, PROCESS_METRICS } from './process-metrics.ts';
import { STATE_LATENCY_METRICS } from './state-metrics.ts';
import { TASK_MANAGER_METRICS } from './task-manager-metrics.ts';
import { CHANNEL_METRICS, TASK_METRICS } from './task-metrics.ts';

/** Metrics that belong together. */
export interface MetricTable {
  readonly title: string;
  readonly scopes: readonly MetricScope[];
  /** The group below the scope that they are in. */
  readonly group?: string;
  readonly metrics: MetricDefinitions;
}

/** Every metric of Millrace's own. */
export const CATALOGUE: readonly MetricTable[] = [
  { title: 'The cluster', scopes: ['jobmanager'], metrics: CLUSTER_METRICS },
  { title: 'Processes', scopes: ['jobmanager', 'taskmanager'], metrics: PROCESS_METRICS },
  { title: 'TaskManagers', scopes: ['taskmanager'], metrics: TASK_MANAGER_METRICS },
  { title: 'Jobs', scopes: ['jobmanager_job'], metrics: JOB_METRICS },
  { title: 'Coordinators of sources', scopes: ['jobmanager_job_operator'], metrics: COORDINATOR_METRICS },
  { title: 'Tasks', scopes: ['taskmanager_job_task'], metrics: TASK_METRICS },
  { title: 'Channels', scopes: ['taskmanager_job_task'], group: 'channel', metrics: CHANNEL_METRICS },
  { title: 'Operators', scopes: ['taskmanager_job_task_operator'], metrics: OPERATOR_METRICS },
  {
    title: 'Access to keyed state',
    scopes: ['taskmanager_job_task_operator'],
    group: 'state_name',
    metrics: STATE_LATENCY_METRICS,
  },
  { title: 'Sources', scopes: ['taskmanager_job_task_operator'], metrics: SOURCE_METRICS },
  { title: 'Sinks', scopes: ['taskmanager_job_task_operator'], metrics: SINK_METRICS },
];

/** The names that all metrics have in Prometheus. */
export function allPrometheusNames(): ReadonlySet<string> {
  const names = CATALOGUE.flatMap(({ scopes, group, metrics }) =>
    scopes.flatMap((scope) => {
      const parts = [...scope.split('_'), ...(group === undefined ? [] : [group])];
      return Object.keys(metrics).map((name) => prometheusName(parts, name));
    }),
  );
  return new Set(names);
}
