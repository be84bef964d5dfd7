import type { PartitionerSpec } from '../../graph/chain-plan.ts';
import type { SnapshotStore } from '../../ports/snapshot-store.ts';
import type { ChannelTotals, SnapshotMetrics, SubtaskState } from '../../protocol/checkpoint.ts';
import type { Manifest } from '../../state/snapshot/manifest.ts';

/** What a subtask reports when its part of a checkpoint is durable. */
export interface TaskSnapshot {
  readonly checkpointId: number;
  readonly state: SubtaskState;
  /** Of a source: assignments of splits that it had taken before the barrier. */
  readonly assignmentsTaken: number;
  readonly metrics: SnapshotMetrics;
  readonly channels: ChannelTotals;
}

/** A checkpoint or savepoint to go on from: its manifest, and the store that its paths are of. */
export interface RestorePoint {
  readonly manifest: Manifest;
  readonly store: SnapshotStore;
  /** Whether it is a checkpoint of this job, whose files stay as long as a later one refers to them. */
  readonly own: boolean;
}

/** The checkpointing world of a task; missing where the job takes no checkpoints. */
export interface TaskCheckpointing {
  /** Where checkpoints go (`location` empty) or a savepoint goes. */
  storeOf(location: string): Promise<SnapshotStore>;
  /** A path for a new file of this task. */
  newFile(location: string): string;
  readonly mode: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE';
  /** `execution.checkpointing.incremental` */
  readonly incremental: boolean;
  /** Whether a task whose input has ended waits for one more checkpoint before it finishes. */
  readonly afterTasksFinish: boolean;
  /** What the job goes on from. */
  readonly restoreFrom: RestorePoint | undefined;
  /** How records of an edge into the task are spread; undefined for an edge of an earlier graph. */
  partitionerOf(edgeId: string): PartitionerSpec | undefined;
  acknowledge(snapshot: TaskSnapshot): void;
  decline(checkpointId: number, error: unknown): void;
  /** All records have been handed on: the task waits for its last checkpoint. */
  endOfData(): void;
}
