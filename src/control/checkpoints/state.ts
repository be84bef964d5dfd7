import type { SerializedError } from '../../base/errors.ts';
import type { VertexId } from '../../base/ids.ts';
import type { SourceSplit } from '../../functions/source.ts';
import type { CheckpointType } from '../../protocol/client-dispatcher.ts';
import type { ChannelTotals, SnapshotMetrics, SubtaskState } from '../../protocol/checkpoint.ts';
import type { ExecutionRef } from '../scheduler/state.ts';

/** `execution.checkpointing.*`, resolved. */
export interface CheckpointSettings {
  /** ms; undefined: no periodic checkpoints, savepoints on demand only. */
  readonly intervalMs: number | undefined;
  readonly timeoutMs: number;
  /** From the end of one checkpoint to the start of the next, ms. */
  readonly minPauseMs: number;
  readonly maxConcurrent: number;
  /** Failed checkpoints in a row that the job bears. */
  readonly tolerableFailed: number;
  /** Completed checkpoints kept. */
  readonly retained: number;
  /**
   * Time after which a checkpoint no longer waits for what is in the channels, but takes it up; ms. 0: from its begin.
   * Undefined: it always waits.
   */
  readonly unalignedAfterMs: number | undefined;
  /** Whether checkpoints and savepoints go on when a part of the subtasks has finished. */
  readonly afterTasksFinish: boolean;
}

/**
 * The coordinator's picture. Immutable; every change is a decision of `decide.ts`.
 *
 * Invariants:
 * C1. A checkpoint is decided once, when every subtask that was to take part has acknowledged it, or has finished before its barrier.
 * C2. Ids only rise, over all leaders of the job; one that was given up is never used again.
 * C3. Files are discarded only when no checkpoint that is kept or under way refers to them.
 */
export interface CoordinatorState {
  readonly settings: CheckpointSettings;
  readonly nextId: number;
  readonly pending: ReadonlyMap<number, PendingCheckpoint>;
  /** Completed checkpoints that are kept, oldest first. */
  readonly completed: readonly CompletedCheckpoint[];
  /** Monotonic ms; when the last checkpoint began and ended. */
  readonly triggeredAt: number;
  readonly endedAt: number;
  /** Failures in a row. */
  readonly failures: number;
  readonly counts: CheckpointCounts;
  /** Savepoints asked for, not begun yet. */
  readonly wanted: readonly SnapshotRequest[];
  /** The job is being stopped by a savepoint: nothing else begins. */
  readonly stopping: boolean;
  /** Subtasks that have handed on all their records and wait for a last checkpoint. */
  readonly drained: ReadonlySet<string>;
}

export interface CheckpointCounts {
  readonly triggered: number;
  readonly completed: number;
  readonly failed: number;
  readonly restored: number;
}

/** A checkpoint or savepoint asked for by somebody. */
export interface SnapshotRequest {
  readonly requestId: string;
  readonly kind: 'checkpoint' | 'savepoint';
  /** Of a savepoint: the folder of its own that it goes to; empty for a checkpoint. */
  readonly location: string;
  readonly stop: boolean;
  readonly drain: boolean;
  /** Of a checkpoint; default CONFIGURED. */
  readonly checkpointType?: CheckpointType | undefined;
}

export interface Acknowledgement {
  readonly state: SubtaskState;
  readonly assignmentsTaken: number;
  readonly metrics: SnapshotMetrics;
  readonly channels: ChannelTotals;
}

export interface PendingCheckpoint {
  readonly checkpointId: number;
  readonly request: SnapshotRequest | undefined;
  readonly flags: number;
  /** Of a savepoint: where it goes; empty for a checkpoint. */
  readonly location: string;
  /** Wall time, ms. */
  readonly timestamp: number;
  /** Monotonic ms. */
  readonly startedAt: number;
  /** Those that ran when it began. */
  readonly subtasks: readonly SubtaskView[];
  /** Subtasks that had finished, or do so before their barrier: of each the state that it left is part of the checkpoint. */
  readonly finished: readonly ExecutionRef[];
  /** Subtasks that were told to begin, since no barrier reaches them. */
  readonly triggered: ReadonlySet<string>;
  /** Subtasks that take part. */
  readonly expected: ReadonlyMap<string, ExecutionRef>;
  readonly acknowledged: ReadonlyMap<string, Acknowledgement>;
  /** `deciding`: all have acknowledged, the decision is being written; it cannot be given up any more. */
  readonly phase: 'collecting' | 'deciding';
  /** Subtasks were told not to wait for what is in the channels. */
  readonly unaligned: boolean;
  /** Subtasks that took part have stopped since: the job goes on without them, from this checkpoint if it is decided. */
  readonly interrupted: boolean;
}

export interface CompletedCheckpoint {
  readonly checkpointId: number;
  readonly kind: 'checkpoint' | 'savepoint';
  /** Where its manifest is, in the store. */
  readonly path: string;
  readonly manifestChecksum: string;
  readonly files: readonly string[];
  /** URI of the store that its paths are of, where the job has taken it over from another one. */
  readonly takenOverFrom?: string;
  readonly timestamp: number;
  readonly durationMs: number;
  readonly stateBytes: number;
  readonly checkpointedBytes: number;
}

/** A job's subtasks as the coordinator sees them. */
export interface JobView {
  /** Whether the job runs and is not being canceled. */
  readonly running: boolean;
  readonly subtasks: readonly SubtaskView[];
}

export interface SubtaskView {
  readonly ref: ExecutionRef;
  readonly state: 'running' | 'finished' | 'other';
  /** Subtasks upstream of it, by key; none for a source. */
  upstream(): Iterable<string>;
}

export type CheckpointEffect =
  | {
      readonly type: 'trigger';
      readonly checkpointId: number;
      readonly timestamp: number;
      readonly flags: number;
      readonly location: string;
      readonly refs: readonly ExecutionRef[];
    }
  /** What fed these has finished without handing on the barrier. */
  | {
      readonly type: 'triggerLate';
      readonly checkpointId: number;
      readonly timestamp: number;
      readonly flags: number;
      readonly location: string;
      readonly refs: readonly ExecutionRef[];
    }
  | { readonly type: 'takeUnaligned'; readonly checkpointId: number; readonly refs: readonly ExecutionRef[] }
  | { readonly type: 'decide'; readonly checkpoint: PendingCheckpoint }
  | { readonly type: 'notifyComplete'; readonly checkpointId: number; readonly refs: readonly ExecutionRef[] }
  | {
      readonly type: 'notifyAborted';
      readonly checkpointId: number;
      readonly refs: readonly ExecutionRef[];
      /** Undefined: subtasks stopped, and nobody is to blame. */
      readonly reason?: string | undefined;
    }
  | {
      readonly type: 'discard';
      readonly checkpoints: readonly CompletedCheckpoint[];
      readonly kept: readonly string[];
    }
  /** No checkpoint that is older than this one, which is complete, is under way. */
  | { readonly type: 'sweep'; readonly checkpointId: number }
  | { readonly type: 'failJob'; readonly error: SerializedError }
  | {
      readonly type: 'answer';
      readonly requestId: string;
      readonly result: { readonly path: string } | { readonly error: SerializedError };
    };

export interface CheckpointDecision {
  readonly state: CoordinatorState;
  readonly effects: readonly CheckpointEffect[];
}

/** Splits that no reader holds, by source. */
export type EnumeratorStates = ReadonlyMap<VertexId, readonly SourceSplit[]>;

export function keyOf(ref: Pick<ExecutionRef, 'vertexId' | 'subtaskIndex'>): string {
  return `${ref.vertexId}/${ref.subtaskIndex}`;
}
