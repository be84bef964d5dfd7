import type { VertexId } from '../../src/base/ids.ts';
import type { HeldSlot, Moment, SchedulerEffect } from '../../src/control/scheduler/state.ts';
import type { RestoreLocation } from '../../src/protocol/slot.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { JobManagerContext, JobManagerEvent } from './job-manager.machine.ts';
import type { ResultBuffer } from './result-buffer.ts';

/** Names a slot at its TaskManager. */
export type SlotRef = Pick<HeldSlot, 'taskManagerId' | 'slot' | 'allocationId'>;

/** What performing a scheduler's effect needs to know of its job-manager. */
export interface Performer {
  readonly environment: ActorEnvironment;
  readonly results: ResultBuffer;
  /** `task.cancellation.timeout` in ms; 0 waits for ever. */
  readonly cancellationTimeoutMs: number;
  context(): JobManagerContext;
  send(event: JobManagerEvent): void;
  /** What subtasks that are deployed now go on from. */
  restoreLocation(): Promise<RestoreLocation | undefined>;
  hasRestorePoint(): boolean;
  /** Folder of the job's checkpoints. */
  readonly checkpointsUri: string;
  discardSplits(vertexId: VertexId, subtasks: readonly number[], attempt: number): void;
  moment(): Moment;
  /**
   * Acts once no decision on a checkpoint is being written: what a failed attempt had goes back only when it is known what its successor
   * goes on from.
   */
  onceDecided(act: () => void): void;
  /** All tasks have stopped, so that the job can go on with another parallelism. */
  suspended(): void;
  /** Runs `act` after `delayMs`, unless the job-manager has stopped or the job has ended by then. */
  later(delayMs: number, act: () => void): void;
}

export type EffectOf<T extends SchedulerEffect['type']> = Extract<SchedulerEffect, { type: T }>;
