import type { CoordinatorState, CompletedCheckpoint } from '../../src/control/checkpoints/state.ts';
import { JobStatusTimes } from '../../src/control/job-status-times.ts';
import { MetricComponent } from '../../src/metrics/component.ts';
import type { ScopeFormats } from '../../src/metrics/scope-formats.ts';
import { COORDINATOR_METRICS, JOB_METRICS } from '../../src/metrics/system/job-metrics.ts';
import { SystemMetrics } from '../../src/metrics/system/system-metrics.ts';
import type { MetricReader, MetricReaders } from '../../src/metrics/system/system-metrics.ts';
import type { MetricSamples } from '../../src/protocol/metrics.ts';
import type { JobStatus } from '../../src/protocol/job-status.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';

/** What is known of a job's checkpoints. */
export interface CheckpointFigures {
  readonly state: CoordinatorState | undefined;
  readonly last: CompletedCheckpoint | undefined;
  readonly lastPath: string;
  /** Wall time, ms; undefined: never. */
  readonly restoredAt: number | undefined;
}

/** A source and its coordinator. */
export interface SourceFigures {
  readonly vertexId: string;
  readonly vertexName: string;
  readonly operatorId: string;
  readonly operatorName: string;
  readonly unassignedSplits: () => number | undefined;
}

export interface JobMetricsOptions {
  readonly jobId: string;
  readonly jobName: string;
  /** `metrics.job.status.enable` */
  readonly statusMetrics: readonly ('STATE' | 'CURRENT_TIME' | 'TOTAL_TIME')[];
  readonly restarts: () => number;
  readonly sources: readonly SourceFigures[];
  readonly checkpoints: () => CheckpointFigures;
}

const STATUSES = {
  initializing: 'INITIALIZING',
  created: 'CREATED',
  running: 'RUNNING',
  restarting: 'RESTARTING',
  failing: 'FAILING',
  cancelling: 'CANCELLING',
} as const satisfies Record<string, JobStatus>;

/** The metrics of one job, in scope `jobmanager_job`. */
export class JobMetrics {
  readonly #component: MetricComponent;
  readonly #coordinators: readonly MetricComponent[];
  readonly #times: JobStatusTimes;
  readonly #now: () => number;

  constructor(environment: ActorEnvironment, options: JobMetricsOptions) {
    const { host, formats } = environment.metrics;
    const { jobId, jobName } = options;
    this.#now = () => environment.clock.monotonic();
    this.#times = new JobStatusTimes(this.#now());
    const variables = { host, job_id: jobId, job_name: jobName };
    this.#component = new MetricComponent({ scope: 'jobmanager_job', variables, formats });
    this.#coordinators = options.sources.map((source) => coordinatorOf(source, variables, formats));
    this.#component.add(
      new SystemMetrics(JOB_METRICS, {
        numRestarts: options.restarts,
        fullRestarts: options.restarts,
        uptime: () => Math.round(this.#times.current('RUNNING', this.#now())),
        downtime: () => Math.round(this.#times.downtime(this.#now())),
        ...checkpointReaders(options.checkpoints),
        ...this.#statusReaders(options.statusMetrics),
      }),
    );
  }

  statusChanged(to: JobStatus): void {
    this.#times.changed(to, this.#now());
  }

  /** @param now monotonic ms */
  collect(now: number): MetricSamples[] {
    return [this.#component, ...this.#coordinators].flatMap((component) => component.collect(now));
  }

  #statusReaders(kinds: JobMetricsOptions['statusMetrics']): MetricReaders<typeof JOB_METRICS> {
    const readers: Record<string, MetricReader> = {};
    for (const [name, status] of Object.entries(STATUSES)) {
      for (const kind of kinds) {
        switch (kind) {
          case 'STATE':
            readers[`${name}State`] = () => Number(this.#times.isIn(status));
            break;
          case 'CURRENT_TIME':
            readers[`${name}Time`] = () => Math.round(this.#times.current(status, this.#now()));
            break;
          case 'TOTAL_TIME':
            readers[`${name}TimeTotal`] = () => Math.round(this.#times.total(status, this.#now()));
            break;
        }
      }
    }
    return readers;
  }
}

function coordinatorOf(
  { vertexId, vertexName, operatorId, operatorName, unassignedSplits }: SourceFigures,
  ofJob: Readonly<Record<string, string>>,
  formats: ScopeFormats,
): MetricComponent {
  const own = {
    task_id: vertexId,
    task_name: vertexName,
    operator_id: operatorId,
    operator_name: operatorName,
  };
  const variables = { ...ofJob, ...own };
  const component = new MetricComponent({ scope: 'jobmanager_job_operator', variables, formats });
  component.add(new SystemMetrics(COORDINATOR_METRICS, { unassignedSplits }));
  return component;
}

function checkpointReaders(figures: () => CheckpointFigures): MetricReaders<typeof JOB_METRICS> {
  const count = (name: 'triggered' | 'completed' | 'failed') => (): number =>
    figures().state?.counts[name] ?? 0;
  return {
    lastCheckpointDuration: () => Math.round(figures().last?.durationMs ?? -1),
    lastCheckpointSize: () => figures().last?.checkpointedBytes ?? -1,
    lastCheckpointFullSize: () => figures().last?.stateBytes ?? -1,
    lastCompletedCheckpointId: () => figures().last?.checkpointId ?? -1,
    lastCheckpointExternalPath: () => (figures().last === undefined ? undefined : figures().lastPath),
    lastCheckpointRestoreTimestamp: () => figures().restoredAt ?? -1,
    numberOfInProgressCheckpoints: () => figures().state?.pending.size ?? 0,
    numberOfCompletedCheckpoints: count('completed'),
    numberOfFailedCheckpoints: count('failed'),
    totalNumberOfCheckpoints: count('triggered'),
  };
}
