import type { CoordinatorState, CompletedCheckpoint } from '../../src/control/checkpoints/state.ts';
import { DeploymentTimes } from '../../src/control/deployment-times.ts';
import { JobStatusTimes } from '../../src/control/job-status-times.ts';
import type { SchedulerEffect } from '../../src/control/scheduler/state.ts';
import { MetricComponent } from '../../src/metrics/component.ts';
import type { ScopeFormats } from '../../src/metrics/scope-formats.ts';
import { COORDINATOR_METRICS, JOB_METRICS } from '../../src/metrics/system/job-metrics.ts';
import { SystemMetrics } from '../../src/metrics/system/system-metrics.ts';
import type { MetricReader, MetricReaders } from '../../src/metrics/system/system-metrics.ts';
import type { JobGraph } from '../../src/graph/job-graph.ts';
import type { MetricSamples } from '../../src/protocol/metrics.ts';
import type { JobStatus } from '../../src/protocol/job-status.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { SourceCoordinators } from './source-coordinator/source-coordinator.effects.ts';

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

export function sourceFigures({ vertices }: JobGraph, sources: SourceCoordinators): SourceFigures[] {
  return vertices.flatMap(({ id, name, isSource, operators: [head] }) => {
    if (!isSource || head === undefined) return [];
    const operator = { operatorId: head.id, operatorName: head.name };
    const unassignedSplits = (): number | undefined => sources.unassignedSplits(id);
    return [{ vertexId: id, vertexName: name, ...operator, unassignedSplits }];
  });
}

export interface JobMetricsOptions {
  readonly jobId: string;
  readonly jobName: string;
  readonly batch: boolean;
  /** `metrics.job.status.enable` */
  readonly statusMetrics: readonly ('STATE' | 'CURRENT_TIME' | 'TOTAL_TIME')[];
  readonly restarts: () => number;
  readonly sources: readonly SourceFigures[];
  readonly checkpointTimeoutMs: number;
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
  readonly #deployment: DeploymentTimes;
  readonly #now: () => number;

  constructor(environment: ActorEnvironment, options: JobMetricsOptions) {
    const { host, formats } = environment.metrics;
    const { jobId, jobName } = options;
    this.#now = () => environment.clock.monotonic();
    this.#times = new JobStatusTimes(this.#now());
    this.#deployment = new DeploymentTimes(options.batch);
    const variables = { host, job_id: jobId, job_name: jobName };
    this.#component = new MetricComponent({ scope: 'jobmanager_job', variables, formats });
    this.#coordinators = options.sources.map((source) => coordinatorOf(source, variables, formats));
    this.#component.add(
      new SystemMetrics(JOB_METRICS, {
        numRestarts: options.restarts,
        fullRestarts: options.restarts,
        uptime: () => Math.round(this.#times.current('RUNNING', this.#now())),
        downtime: () => Math.round(this.#times.downtime(this.#now())),
        checkpointTimeout: () => options.checkpointTimeoutMs,
        ...checkpointReaders(options.checkpoints, this.#now),
        ...this.#statusReaders(options.statusMetrics),
      }),
    );
  }

  /** Takes notice of what happens to the job. */
  observe(effect: SchedulerEffect): void {
    if (effect.type === 'announceJob') this.#times.changed(effect.to, this.#now());
    else if (effect.type === 'announceExecution')
      this.#deployment.executionChanged(effect.ref, effect.to, this.#now());
  }

  /** @param now monotonic ms */
  collect(now: number): MetricSamples[] {
    return [this.#component, ...this.#coordinators].flatMap((component) => component.collect(now));
  }

  #statusReaders(kinds: JobMetricsOptions['statusMetrics']): MetricReaders<typeof JOB_METRICS> {
    const readers: Record<string, MetricReader> = {};
    for (const [name, times] of Object.entries(this.#timesByName())) {
      for (const kind of kinds) {
        switch (kind) {
          case 'STATE':
            readers[`${name}State`] = () => Number(times.active());
            break;
          case 'CURRENT_TIME':
            readers[`${name}Time`] = () => Math.round(times.current());
            break;
          case 'TOTAL_TIME':
            readers[`${name}TimeTotal`] = () => Math.round(times.total());
            break;
        }
      }
    }
    return readers;
  }

  #timesByName(): Readonly<Record<string, StateTimes>> {
    const [statuses, deployment, now] = [this.#times, this.#deployment, this.#now];
    const named = Object.entries(STATUSES).map(([name, status]): [string, StateTimes] => [
      name,
      {
        active: () => statuses.isIn(status),
        current: () => statuses.current(status, now()),
        total: () => statuses.total(status, now()),
      },
    ]);
    return {
      ...Object.fromEntries(named),
      deploying: {
        active: () => deployment.active,
        current: () => deployment.current(now()),
        total: () => deployment.total(now()),
      },
    };
  }
}

/** What is told of a state that a job may be in. */
interface StateTimes {
  readonly active: () => boolean;
  readonly current: () => number;
  readonly total: () => number;
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

function checkpointReaders(
  figures: () => CheckpointFigures,
  now: () => number,
): MetricReaders<typeof JOB_METRICS> {
  const pendingAge = (): number => {
    const begun = [...(figures().state?.pending.values() ?? [])].map(({ startedAt }) => startedAt);
    return begun.length === 0 ? 0 : Math.round(now() - Math.min(...begun));
  };
  const count = (name: 'triggered' | 'completed' | 'failed') => (): number =>
    figures().state?.counts[name] ?? 0;
  return {
    lastCheckpointDuration: () => Math.round(figures().last?.durationMs ?? -1),
    lastCheckpointSize: () => figures().last?.checkpointedBytes ?? -1,
    lastCheckpointFullSize: () => figures().last?.stateBytes ?? -1,
    lastCompletedCheckpointId: () => figures().last?.checkpointId ?? -1,
    lastCheckpointExternalPath: () => (figures().last === undefined ? undefined : figures().lastPath),
    lastCheckpointRestoreTimestamp: () => figures().restoredAt ?? -1,
    pendingCheckpointAge: pendingAge,
    numberOfInProgressCheckpoints: () => figures().state?.pending.size ?? 0,
    numberOfCompletedCheckpoints: count('completed'),
    numberOfFailedCheckpoints: count('failed'),
    totalNumberOfCheckpoints: count('triggered'),
  };
}
