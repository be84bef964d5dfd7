import type { Actor } from 'xstate';
import type { SerializedError } from '../../src/base/errors.ts';
import type { CheckpointHistory } from '../../src/control/checkpoints/history.ts';
import type { SchedulerOrigin } from '../../src/control/scheduler/state.ts';
import type { TraceContext } from '../../src/ports/tracing.ts';
import type { MetricSamples } from '../../src/protocol/metrics.ts';
import type { JobDetails, JobStatus, JobSummary } from '../../src/protocol/job-status.ts';
import type { Caller } from '../messaging/serve.ts';
import type { CheckpointPlaces } from './checkpoint-coordinator/checkpoint-places.ts';
import type { HeartbeatSettings } from './heartbeats.ts';
import type { JobHistory } from './job-history.ts';
import type { JobClientRequest, JobManagerInput, jobManagerMachine } from './job-manager.machine.ts';
import type { JobMetricsOptions } from './job-metrics.ts';
import type { ResultBuffer } from './result-buffer.ts';
import type { SnapshotResults } from './snapshot-orders.ts';
import type { CreateEnumerator } from './source-coordinator/source-coordinator.effects.ts';

export interface JobManagerOptions extends Omit<JobManagerInput, 'origin'> {
  /** From a leader before. */
  readonly recovered: boolean;
  /** From the job-manager before this one, where the job goes on with another parallelism. */
  readonly suspended: SuspendedJob | undefined;
  /** Names this leader in the job's log of decisions. */
  readonly logToken: string;
  readonly createEnumerator: CreateEnumerator;
  readonly heartbeat: HeartbeatSettings;
  readonly cancellationTimeoutMs: number;
  readonly checkpointPlaces: CheckpointPlaces;
  readonly retention: CheckpointRetention;
  /** `metrics.job.status.enable` */
  readonly statusMetrics: JobMetricsOptions['statusMetrics'];
  /** `web.exception-history-size` */
  readonly failuresKept: number;
  /** `web.checkpoints.history` */
  readonly checkpointsShown: number;
  /** Execution mode BATCH. */
  readonly batch: boolean;
  /** On whose behalf the job is started. */
  readonly trace: TraceContext | undefined;
  /** Called once, when the job has ended for good; resolves when no leader takes it up again. */
  readonly onEnded: (job: JobDetails) => Promise<void>;
  /** Called after that, when what is not to stay of its checkpoints is gone. */
  readonly onCheckpointsRemoved: () => void;
}

/** What one job-manager leaves to the next one of the same job and leader. */
export interface SuspendedJob {
  readonly origin: SchedulerOrigin;
  readonly history: JobHistory;
  readonly checkpointHistory: CheckpointHistory;
  readonly orders: SnapshotResults;
  readonly results: ResultBuffer;
}

/** `execution.checkpointing.externalized-checkpoint-retention` */
export type CheckpointRetention =
  | 'RETAIN_ON_CANCELLATION'
  | 'DELETE_ON_CANCELLATION'
  | 'NO_EXTERNALIZED_CHECKPOINTS';

/** A running job-manager, as its dispatcher holds it. */
export interface JobManagerHandle {
  readonly actor: Actor<typeof jobManagerMachine>;
  /** Rows of `collect()`; outlives the job-manager, for a client of the same process. */
  readonly results: ResultBuffer;
  summary(): JobSummary;
  handle(request: JobClientRequest, caller: Caller): void;
  /** Ids of the job's `collect()`s that delivered rows. */
  collectIds(): readonly string[];
  /** Takes a checkpoint now. @returns what kept it from being taken */
  checkpoint(): Promise<SerializedError | undefined>;
  /**
   * Stops all tasks, so that the job can go on with another parallelism. Then this one is to be stopped, and another one started.
   * @returns undefined where the job ends instead
   */
  suspend(): Promise<SuspendedJob | undefined>;
  /** Nothing once the job has ended. @param now monotonic ms */
  collectMetrics(now: number): MetricSamples[];
  stop(): void;
}

/** What the job's machine begins with. */
export function machineInput({ suspended, recovered, ...options }: JobManagerOptions): JobManagerInput {
  const { jobId, epoch, submittedAt, moduleSha256, configuration } = options;
  const { graph, policy, slotRequestTimeoutMs, checkpoints } = options;
  return {
    jobId,
    epoch,
    submittedAt,
    moduleSha256,
    configuration,
    graph,
    policy,
    slotRequestTimeoutMs,
    checkpoints,
    origin: suspended?.origin ?? { recovered },
  };
}

/** Whether the checkpoints of a job that has ended stay. */
export function keepsCheckpoints(retention: CheckpointRetention, status: JobStatus): boolean {
  switch (retention) {
    case 'RETAIN_ON_CANCELLATION':
      return status === 'FAILED' || status === 'CANCELED';
    case 'DELETE_ON_CANCELLATION':
      return status === 'FAILED';
    case 'NO_EXTERNALIZED_CHECKPOINTS':
      return false;
  }
}
