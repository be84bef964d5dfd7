import type { Epoch, JobId } from '../../src/base/ids.ts';
import { METRIC_STALE_MIN_MS, METRIC_STALE_REPORTS } from '../../src/base/limits.ts';
import { countSlots } from '../../src/control/slot-manager.ts';
import type { SlotManager } from '../../src/control/slot-manager.ts';
import { MetricComponent } from '../../src/metrics/component.ts';
import { deriveJobMetrics, deriveProcessMetrics } from '../../src/metrics/derived-metrics.ts';
import { addValues } from '../../src/metrics/metric-values.ts';
import type { MetricValues } from '../../src/metrics/metric-values.ts';
import { MetricStore } from '../../src/metrics/metric-store.ts';
import { CLUSTER_METRICS } from '../../src/metrics/system/process-metrics.ts';
import { SystemMetrics } from '../../src/metrics/system/system-metrics.ts';
import { metricReport } from '../../src/protocol/metrics.ts';
import type { MetricSamples } from '../../src/protocol/metrics.ts';
import { isGloballyTerminal } from '../../src/protocol/job-status.ts';
import type { JobManagerHandle } from '../job-manager/job-manager-options.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { messageMetrics } from '../messaging/message-metrics.ts';
import { every } from '../messaging/every.ts';
import { serve } from '../messaging/serve.ts';

export interface ClusterMetricsOptions {
  readonly epoch: Epoch;
  /** `metrics.fetcher.update-interval`, ms; 0: TaskManagers report nothing. */
  readonly reportIntervalMs: number;
  readonly slots: () => SlotManager;
  readonly jobManagers: () => Iterable<JobManagerHandle>;
  readonly jobManager: (jobId: JobId) => JobManagerHandle | undefined;
}

/** The metrics of the cluster, where its JobManager is: its own, those of its jobs, and what TaskManagers report. */
export class ClusterMetrics {
  readonly store: MetricStore;
  readonly #own: MetricComponent;
  readonly #options: ClusterMetricsOptions;
  readonly #stop: readonly (() => void)[];

  constructor(environment: ActorEnvironment, options: ClusterMetricsOptions) {
    const { clock, metrics, subjects, refusals } = environment;
    const { host, formats } = metrics;
    const staleAfterMs = Math.max(METRIC_STALE_MIN_MS, METRIC_STALE_REPORTS * options.reportIntervalMs);
    this.#options = options;
    this.store = new MetricStore(staleAfterMs);
    this.#own = new MetricComponent({ scope: 'jobmanager', variables: { host }, formats });
    this.#own.add(metrics.processMetrics());
    this.#own.add(messageMetrics(environment));
    this.#own.add(this.#clusterMetrics());
    const subscription = serve(environment, subjects.metrics(), metricReport, (report) => {
      const known = options.slots().taskManagers.has(report.taskManagerId);
      if (report.epoch !== options.epoch || !known) refusals.stale++;
      else this.store.accept(report, clock.monotonic());
    });
    this.#stop = [
      metrics.add(this),
      () => subscription.close(),
      every(clock, METRIC_STALE_MIN_MS, () => this.#sweep(clock.monotonic())),
    ];
  }

  /** Of the JobManager and its jobs. @param now monotonic ms */
  collect(now: number): MetricSamples[] {
    const jobs = [...this.#options.jobManagers()].flatMap((jobManager) => jobManager.collectMetrics(now));
    return [...this.#own.collect(now), ...jobs];
  }

  /** What is known now. @param now monotonic ms */
  jobManagerValues(now: number): MetricValues {
    const values: MetricValues = new Map();
    for (const group of this.#own.collect(now)) addValues(values, group, false);
    deriveProcessMetrics(values);
    return values;
  }

  taskManagerValues(taskManagerId: string): MetricValues {
    const values: MetricValues = new Map(this.store.taskManager(taskManagerId));
    deriveProcessMetrics(values);
    return values;
  }

  /** Of a job: its own, and what follows from those of its subtasks. Empty once it has ended. */
  jobValues(jobId: JobId, now: number): MetricValues {
    const values: MetricValues = new Map();
    const groups = this.#options.jobManager(jobId)?.collectMetrics(now) ?? [];
    for (const group of groups) if (group.scope === 'jobmanager_job') addValues(values, group, false);
    if (values.size === 0) return values;
    deriveJobMetrics(values, this.store.job(jobId).values());
    return values;
  }

  /** Of the coordinators of a vertex. */
  coordinatorValues(jobId: JobId, vertexId: string, now: number): MetricValues {
    const values: MetricValues = new Map();
    for (const group of this.#options.jobManager(jobId)?.collectMetrics(now) ?? []) {
      const { scope, variables } = group;
      if (scope === 'jobmanager_job_operator' && variables['task_id'] === vertexId)
        addValues(values, group, true);
    }
    return values;
  }

  close(): void {
    for (const stop of this.#stop) stop();
  }

  #sweep(now: number): void {
    this.store.sweep(now);
    const registered = new Set<string>(this.#options.slots().taskManagers.keys());
    for (const id of this.store.taskManagers()) if (!registered.has(id)) this.store.forget(id);
  }

  #clusterMetrics(): SystemMetrics<typeof CLUSTER_METRICS> {
    const { slots, jobManagers } = this.#options;
    return new SystemMetrics(CLUSTER_METRICS, {
      numRegisteredTaskManagers: () => slots().taskManagers.size,
      numRunningJobs: () =>
        [...jobManagers()].filter((jobManager) => !isGloballyTerminal(jobManager.summary().status)).length,
      taskSlotsTotal: () => countSlots(slots()).total,
      taskSlotsAvailable: () => countSlots(slots()).available,
    });
  }
}
