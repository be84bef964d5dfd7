import type { Epoch } from '../../src/base/ids.ts';
import { METRIC_STALE_MIN_MS, METRIC_STALE_REPORTS } from '../../src/base/limits.ts';
import { countSlots } from '../../src/control/slot-manager.ts';
import type { SlotManager } from '../../src/control/slot-manager.ts';
import { MetricComponent } from '../../src/metrics/component.ts';
import { MetricStore } from '../../src/metrics/metric-store.ts';
import { CLUSTER_METRICS } from '../../src/metrics/system/process-metrics.ts';
import { SystemMetrics } from '../../src/metrics/system/system-metrics.ts';
import { metricReport } from '../../src/protocol/metrics.ts';
import type { MetricSamples } from '../../src/protocol/metrics.ts';
import { isGloballyTerminal } from '../../src/protocol/job-status.ts';
import type { JobManagerHandle } from '../job-manager/job-manager.effects.ts';
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
