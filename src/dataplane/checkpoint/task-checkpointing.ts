import type { SnapshotStore } from '../../ports/snapshot-store.ts';
import type { Manifest, SubtaskState } from '../../state/snapshot/manifest.ts';

/** What a subtask reports when its part of a checkpoint is durable. */
export interface TaskSnapshot {
  readonly checkpointId: number;
  readonly state: SubtaskState;
  /** Of a source: assignments of splits that it had taken before the barrier. */
  readonly assignmentsTaken: number;
  readonly metrics: SnapshotMetrics;
}

export interface SnapshotMetrics {
  /** Bytes written for this checkpoint. */
  readonly checkpointedBytes: number;
  /** Bytes of all files that the state consists of now. */
  readonly stateBytes: number;
  /** From the first channel's barrier to the last one's, ms. */
  readonly alignmentMs: number;
  /** Records waited this long for hooks of operators and functions, ms. */
  readonly syncMs: number;
  /** From then until everything was written, ms; records went on. */
  readonly asyncMs: number;
  /** Longest time the task's loop was held by writing rows, ms. */
  readonly longestPauseMs: number;
  /** From the trigger to the barrier's arrival here, ms by wall clocks. */
  readonly startDelayMs: number;
}

/** The checkpointing world of a task; missing where the job takes no checkpoints. */
export interface TaskCheckpointing {
  readonly store: SnapshotStore;
  /** A path for a new file of this task. */
  newFile(): string;
  readonly mode: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE';
  /** `execution.checkpointing.incremental` */
  readonly incremental: boolean;
  /** Whether a task whose input has ended waits for one more checkpoint before it finishes. */
  readonly afterTasksFinish: boolean;
  /** What the job goes on from. */
  readonly restoreFrom: Manifest | undefined;
  acknowledge(snapshot: TaskSnapshot): void;
  decline(checkpointId: number, error: unknown): void;
  /** All records have been handed on: the task waits for its last checkpoint. */
  endOfData(): void;
}
