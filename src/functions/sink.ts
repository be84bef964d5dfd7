import type { JobId, OperatorId } from '../base/ids.ts';
import type { OperatorStateStore } from './checkpointed.ts';
import type { TaskInfo } from './context.ts';
import type { MetricGroup } from './metrics.ts';

/**
 * What a sink promises about records when the job fails and goes on from a checkpoint.
 * - `EXACTLY_ONCE`: each once. Records become visible when a checkpoint is complete. A job without checkpoints commits once, at
 *   the end of its input.
 * - `AT_LEAST_ONCE`: none is missing, some may come twice. Visible at once.
 * - `NONE`: what is under way at a failure may be missing or come twice.
 */
export const DeliveryGuarantee = {
  EXACTLY_ONCE: 'EXACTLY_ONCE',
  AT_LEAST_ONCE: 'AT_LEAST_ONCE',
  NONE: 'NONE',
} as const;
export type DeliveryGuarantee = (typeof DeliveryGuarantee)[keyof typeof DeliveryGuarantee];

/**
 * Writes records out. Writers run in the subtasks. With a committer, the sink writes in two phases: at a barrier its writers
 * prepare what was written (`SinkWriter.prepareCommit`), and when the checkpoint is complete the committer makes it visible.
 */
export interface Sink<T, C = unknown> {
  createWriter(context: SinkWriterContext): SinkWriter<T, C> | Promise<SinkWriter<T, C>>;
  /** Called before `createWriter`; what an earlier run left is committed before the writer is made. */
  createCommitter?(context: CommitterContext): Committer<C> | Promise<Committer<C>>;
}

export interface CommitterContext {
  readonly taskInfo: TaskInfo;
  /** Id of the sink in the job's graph: the same in every attempt. */
  readonly operatorId: OperatorId;
  /** Wall time in ms. */
  now(): number;
}

export interface SinkWriterContext extends CommitterContext {
  /** Whether a last checkpoint commits what was written up to the end of the input. */
  readonly commitsAtCheckpoints: boolean;
  /** The checkpoint that the job goes on from; all that was prepared for it and before has been or is being committed. */
  readonly restoredCheckpointId: number | undefined;
  /** Metrics of this sink's subtask. */
  metricGroup(): MetricGroup;
  /** State of this subtask; for what a writer must find again after a failure. */
  getOperatorStateStore(): OperatorStateStore;
  /** Sends rows to the client that waits on `collect()`; see `CollectSink`. */
  sendResults(collectId: string, rows: readonly unknown[], resumeAt?: number): Promise<void>;
}

/**
 * A writer may be a `CheckpointedFunction`, too: its hooks are called at its making and, after `prepareCommit`, at barriers; and a
 * `CheckpointListener`, told after the checkpoint was committed.
 */
export interface SinkWriter<T, C = unknown> {
  /** Takes one record; synchronous, buffers inside. `timestamp` is `NO_TIMESTAMP` where there is none. */
  write(value: T, timestamp: number): void;
  /**
   * Backpressure: a promise while the writer's buffer is full; the task takes no input until it resolves, and fails with
   * what it rejects with. `undefined` means: go on.
   */
  pending?(): Promise<void> | undefined;
  /** Everything written so far is out. Called at a barrier and at the end of the input (`endOfInput`). */
  flush(endOfInput: boolean): void | Promise<void>;
  /**
   * After a flush: what was written since the last call, as plain data that travels in the checkpoint and that the committer
   * makes visible. It must be durable, or be in the committables themselves. No record comes until the promise resolves.
   * @param checkpointId `END_OF_INPUT_CHECKPOINT` where no checkpoint follows the end of the input
   */
  prepareCommit?(checkpointId: number): readonly C[] | Promise<readonly C[]>;
  /** Bytes written out so far, where the writer knows: for the metric `numBytesSend`. Asked about once a second. */
  bytesSent?(): number | undefined;
  /** Releases files and connections. `aborted`: the attempt failed or was canceled; unfinished output is discarded. */
  close(aborted: boolean): void | Promise<void>;
}

/** Stands for the checkpoint that never comes: what is committed at the end of the input of a job without checkpoints. */
export const END_OF_INPUT_CHECKPOINT = Number.MAX_SAFE_INTEGER;

/** One committable to be made visible. */
export interface CommitRequest<C> {
  readonly committable: C;
  /** The checkpoint it was prepared for; ids grow and are never used twice. */
  readonly checkpointId: number;
  /** The subtask that prepared it, perhaps at another parallelism than now. */
  readonly subtask: number;
  /** `job/operator/subtask` that prepared it: commits of one stem come in the order of their checkpoints. */
  readonly stem: string;
  /** `stem/checkpoint/index`: names the committable for ever. */
  readonly id: string;
  /** Prepared by an earlier attempt or run. */
  readonly recovered: boolean;
  /** Tells the metrics that the target had it: an earlier attempt had committed it. Changes nothing else. */
  signalAlreadyCommitted(): void;
}

/**
 * Makes visible what writers prepared, once the checkpoint it belongs to is complete. After a failure a commit comes again,
 * although it may have succeeded: whoever commits must notice that (a marker stored with the data, a name).
 */
export interface Committer<C> {
  /**
   * All committables of one checkpoint and subtask, in the order prepared. A rejection means: not known to be committed. It is
   * tried again after a pause until it resolves; a `MillraceError` that is not retryable fails the job.
   */
  commit(requests: readonly CommitRequest<C>[]): void | Promise<void>;
  /** Bytes sent so far to commit, where the committer knows: they count for the metric `numBytesSend`, with the writer's. */
  bytesSent?(): number | undefined;
  close?(): void | Promise<void>;
}

/** What all commits of one subtask of a sink have in common: their names begin with it. */
export function commitStem(jobId: JobId, operatorId: OperatorId, subtask: number): string {
  return `${jobId}/${operatorId}/${subtask}`;
}

/** Side output of sources with policy `dead-letter`. */
export interface BadRecord {
  /** File and line, subject and sequence. */
  readonly where: string;
  /** The raw record, cut at 1,000 characters. */
  readonly raw: string;
  readonly reason: string;
}

/** Id of the side output that carries `BadRecord`s; read it with `stream.getSideOutput(BAD_RECORDS)`. */
export const BAD_RECORDS_ID = 'bad-records';
