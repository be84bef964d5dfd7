import type { SerializedError } from '../../../src/base/errors.ts';
import type { JobId, VertexId } from '../../../src/base/ids.ts';
import type { CheckpointHistory } from '../../../src/control/checkpoints/history.ts';
import type { ExecutionRef } from '../../../src/control/scheduler/state.ts';
import type { SourceSplit } from '../../../src/functions/source.ts';
import type { JobGraph } from '../../../src/graph/job-graph.ts';

/** What the coordinator needs of its job-manager. */
export interface CheckpointHooks {
  readonly jobId: JobId;
  readonly graph: JobGraph;
  /** What is kept of checkpoints for those who ask. */
  readonly history: CheckpointHistory;
  /** Names this leader in the job's log of decisions, also across job-managers. */
  readonly logToken: string;
  /** Whether there may be checkpoints without periodic ones. */
  readonly opensLog: boolean;
  isActive(ref: ExecutionRef): boolean;
  /** Splits that no reader holds, given how many assignments each reader had taken at its barrier. */
  snapshotEnumerators(taken: TakenAssignments): ReadonlyMap<VertexId, readonly SourceSplit[]>;
  /** The checkpoint stands: what readers had taken at its barrier is theirs, also after a failure. */
  assignmentsDurable(taken: TakenAssignments): void;
  /** Checkpoints cannot go on: the job is to be restarted, or failed. */
  onFailed(error: SerializedError): void;
  /** What the job is to go on from cannot be read. */
  onRestoreFailed(error: SerializedError): void;
  answer(requestId: string, result: SnapshotResult): void;
}

/** By source, then by subtask: its attempt, and how many assignments of splits it had taken. */
export type TakenAssignments = ReadonlyMap<
  VertexId,
  ReadonlyMap<number, { readonly attempt: number; readonly taken: number }>
>;

export type SnapshotResult = { readonly path: string } | { readonly error: SerializedError };
