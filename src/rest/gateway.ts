import type { Configuration } from '../config/configuration.ts';
import type { SerializedError } from '../base/errors.ts';
import type { JobId, TaskManagerId, VertexId } from '../base/ids.ts';
import type { CallTree, CallTreeKind, NodeView } from '../ports/node-view.ts';
import type { CheckpointType, DispatcherReply } from '../protocol/client-dispatcher.ts';
import type { AlertInfo } from '../protocol/alert.ts';
import type { CheckpointStatistics } from '../protocol/checkpoint-statistics.ts';
import type { ExecutionGraphInfo } from '../protocol/execution-graph-info.ts';
import type { Rescaling } from '../protocol/rescaling.ts';
import type { ResourceRequirements } from '../control/rescale.ts';
import type { JobSummary } from '../protocol/job-status.ts';
import type { TaskManagerInfo } from '../protocol/task-manager-info.ts';
import type { Planned } from './plan-json.ts';
import type { MetricQuery } from './metric-query.ts';

type ReplyOf<T extends DispatcherReply['type']> = Omit<Extract<DispatcherReply, { type: T }>, 'type'>;

/** A checkpoint or savepoint to be taken. */
export interface SnapshotOrder {
  readonly kind: 'checkpoint' | 'savepoint';
  readonly directory?: string;
  readonly stop?: boolean;
  readonly drain?: boolean;
  readonly checkpointType?: CheckpointType;
}

/** What has become of an order; `undefined` while it is under way. */
export type Outcome = { readonly location: string } | { readonly error: SerializedError } | undefined;

/** The cluster as the routes see it. Methods throw RestError for what is not there or refused. */
export interface RestGateway {
  readonly version: string;
  /** The JobManager's. */
  readonly configuration: Configuration;
  /** Wall time, ms. */
  now(): number;
  overview(): Promise<ReplyOf<'clusterOverview'>>;
  jobs(): Promise<readonly JobSummary[]>;
  job(jobId: JobId): Promise<ExecutionGraphInfo>;
  checkpoints(jobId: JobId, checkpointId?: number): Promise<CheckpointStatistics>;
  cancel(jobId: JobId): Promise<void>;
  rescaling(jobId: JobId): Promise<Rescaling>;
  updateResourceRequirements(jobId: JobId, requirements: ResourceRequirements): Promise<void>;
  taskManagers(): Promise<readonly TaskManagerInfo[]>;
  readonly snapshots: SnapshotOperations;
  /** Logs, threads and environment of the JobManager's own process. */
  readonly jobManager: NodeView;
  taskManager(taskManagerId: TaskManagerId): NodeView;
  readonly jars: JarStore;
  readonly submissions: Submissions;
  readonly metrics: MetricQuery;
  readonly flameGraphs: FlameGraphs;
  readonly messages: Messages;
  /** Those whose condition holds. */
  alerts(): readonly AlertInfo[];
  /** Ends the cluster's JobManager once the answer is out. */
  shutDown(): void;
}

/** Messages of the cluster's protocol, passed on as they are. */
export interface Messages {
  /** @returns the answer, also one that refuses @throws RestError 503 where nobody answers */
  ask(
    receiver: {
      readonly to: 'dispatcher' | 'jobmanager' | 'taskmanager';
      readonly taskManagerId?: string | undefined;
    },
    message: object,
  ): Promise<Record<string, unknown>>;
  /** @returns the sha256 of the file's content */
  putArtifact(path: string): Promise<string>;
}

/** Flame graphs of vertices, sampled when somebody asks and kept for a while; `rest.flamegraph.*`. */
export interface FlameGraphs {
  /** @param subtaskIndex undefined: of all subtasks @throws RestError 404 */
  of(
    jobId: JobId,
    vertexId: VertexId,
    kind: CallTreeKind,
    subtaskIndex: number | undefined,
  ): Promise<FlameGraph>;
}

/** `DISABLED`, or what there is: `WAITING` while the first samples are taken, `ENDED` where no subtask runs. */
export type FlameGraph = 'DISABLED' | 'WAITING' | 'ENDED' | { readonly at: number; readonly tree: CallTree };

/** Orders that take their time, by the id with which their outcome is asked for. */
export interface SnapshotOperations {
  /** @param requestId repeated: the first order stands */
  trigger(jobId: JobId, requestId: string, order: SnapshotOrder): Promise<void>;
  /** @throws RestError 404 for an id that is not known */
  outcome(jobId: JobId, requestId: string): Promise<Outcome>;
  dispose(requestId: string, path: string): void;
  disposal(requestId: string): Outcome;
  /** 32 hex digits. */
  newRequestId(): string;
}

/** Modules that were uploaded, to be run. */
export interface JarStore {
  list(): Promise<readonly { readonly id: string; readonly name: string; readonly uploaded: number }[]>;
  /** @returns its id; @throws RestError 400 for what is no job's archive */
  add(file: { readonly name: string; readonly path: string }): Promise<string>;
  remove(id: string): Promise<void>;
  plan(id: string, options: JarOptions): Promise<Planned>;
  run(id: string, options: JarOptions): Promise<JobId>;
}

/** Modules that are run without a caller who waits for it: they become jobs later, or are refused. */
export interface Submissions {
  /**
   * Bundles a module, builds its graph and submits it, after this has returned.
   * @returns the id that the job will have
   * @throws RestError 400 where there is no such module, 503 where too many are under way
   */
  begin(jarId: string, options: JarOptions): Promise<JobId>;
  /** Those under way, and those refused that are still remembered; newest first. */
  list(): readonly Submission[];
}

export interface Submission {
  readonly jobId: JobId;
  /** Of the module. */
  readonly name: string;
  /** Wall time, ms. */
  readonly at: number;
  readonly refused?: { readonly at: number; readonly error: SerializedError };
}

export interface JarOptions {
  /** Which export is the job. */
  readonly entryClass?: string;
  readonly programArguments: readonly string[];
  readonly parallelism?: number;
  readonly jobId?: string;
  readonly configuration: Readonly<Record<string, string>>;
}
