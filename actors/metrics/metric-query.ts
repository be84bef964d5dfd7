import type { MetricValue, MetricValues } from '../../src/metrics/metric-values.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { MetricQuery, MetricScope } from '../../src/rest/metric-query.ts';
import type { ClusterMetrics } from './cluster-metrics.ts';

/** Answers for the REST interface out of what the JobManager knows. */
export class StoredMetrics implements MetricQuery {
  readonly #metrics: ClusterMetrics;
  readonly #clock: Clock;

  constructor(metrics: ClusterMetrics, clock: Clock) {
    this.#metrics = metrics;
    this.#clock = clock;
  }

  values(scope: MetricScope): Promise<ReadonlyMap<string, number | string>> {
    return Promise.resolve(shown(this.#find(scope)));
  }

  #find(scope: MetricScope): Iterable<readonly [string, MetricValue]> {
    const { store } = this.#metrics;
    const now = this.#clock.monotonic();
    switch (scope.type) {
      case 'jobManager':
        return this.#metrics.jobManagerValues(now);
      case 'taskManager':
        return this.#metrics.taskManagerValues(scope.taskManagerId);
      case 'job':
        return this.#metrics.jobValues(scope.jobId, now);
      case 'coordinator':
        return this.#metrics.coordinatorValues(scope.jobId, scope.vertexId, now);
      case 'vertex':
        return prefixed(store.subtasks(scope.jobId, scope.vertexId));
      case 'subtask':
        return store.subtasks(scope.jobId, scope.vertexId).get(scope.subtaskIndex) ?? [];
    }
  }
}

function prefixed(subtasks: ReadonlyMap<number, MetricValues>): (readonly [string, MetricValue])[] {
  return [...subtasks].flatMap(([index, values]) =>
    [...values].map(([name, value]) => [`${index}.${name}`, value] as const),
  );
}

function shown(values: Iterable<readonly [string, MetricValue]>): Map<string, number | string> {
  return new Map(
    [...values].map(([name, value]) => [name, typeof value === 'boolean' ? String(value) : value]),
  );
}
