import type { z } from 'zod';
import type { AllocationId, TaskManagerId, VertexId } from '../../base/ids.ts';
import type { SerializedError } from '../../base/errors.ts';
import type { ExecutionGraph, ExecutionVertex } from '../../graph/execution-graph.ts';
import type { ExecutionState, JobStatus, taskCounters } from '../../protocol/job-status.ts';
import type { RestartHistory, RestartPolicy } from '../restart-strategy.ts';

/**
 * The job-manager's picture of its job. Immutable; every change is a decision of `decide.ts`.
 *
 * Invariants:
 * S1. All subtasks of a region have the region's attempt; anything said of another attempt is stale.
 * S2. A region is deployed only when each of its slots is held.
 * S3. A region restarts only when all its subtasks are in a terminal state: two attempts never overlap.
 * S4. A globally terminal job holds no slot.
 * S5. A suspended job runs nothing, and nothing of it begins again here.
 */
export interface SchedulerState {
  readonly graph: ExecutionGraph;
  readonly policy: RestartPolicy;
  readonly status: JobStatus;
  readonly regions: readonly Region[];
  readonly executions: ReadonlyMap<VertexId, readonly Execution[]>;
  /** Slots held, by allocation. */
  readonly slots: ReadonlyMap<AllocationId, HeldSlot>;
  /** Required slot (index into `graph.slots`) -> allocation. */
  readonly assignment: readonly (AllocationId | undefined)[];
  readonly history: RestartHistory;
  readonly restarts: number;
  /** Taken up from a leader before: it has run already. */
  readonly recovered: boolean;
  /**
   * - `run`;
   * - `suspending`: its tasks are being stopped, so that it can go on with another parallelism;
   * - `suspended`: they have stopped; its slots are still held.
   */
  readonly purpose: 'run' | 'suspending' | 'suspended';
  /** Why the job failed or restarted last. */
  readonly failure: SerializedError | undefined;
  /** Messages of an old attempt, dropped. */
  readonly staleMessages: number;
}

/** Where a job comes from that has run already. */
export interface SchedulerOrigin {
  /** From a leader before. */
  readonly recovered: boolean;
  /** From this leader, with another parallelism. */
  readonly rescaled?: {
    /** Higher than all that its tasks had. */
    readonly firstAttempt: number;
    readonly slots: readonly HeldSlot[];
    readonly restarts: number;
    readonly history: RestartHistory;
    readonly failure: SerializedError | undefined;
  };
}

export interface Region {
  readonly attempt: number;
  /**
   * - `waiting`: for slots;
   * - `active`: deployed;
   * - `canceling`: failed or canceled, its subtasks are being stopped;
   * - `backoff`: stopped, waits for its restart;
   * - `done`: all subtasks finished (or the job ended).
   */
  readonly phase: 'waiting' | 'active' | 'canceling' | 'backoff' | 'done';
  /** Backoff granted when it failed; ms. */
  readonly restartDelayMs: number;
}

export type Counters = z.infer<typeof taskCounters>;

export interface Execution {
  readonly state: ExecutionState;
  readonly allocationId: AllocationId | undefined;
  readonly counters: Counters | undefined;
}

export interface HeldSlot {
  readonly allocationId: AllocationId;
  readonly taskManagerId: TaskManagerId;
  readonly processId: string;
  readonly slot: number;
}

/** Names one attempt of a subtask. */
export interface ExecutionRef {
  readonly vertexId: VertexId;
  readonly subtaskIndex: number;
  readonly attempt: number;
}

/** What the job-manager must do; executed in order, in its effects. */
export type SchedulerEffect =
  | { readonly type: 'declareSlots'; readonly required: number }
  | {
      readonly type: 'deployRegion';
      readonly region: number;
      readonly attempt: number;
      readonly executions: readonly ExecutionVertex[];
    }
  | { readonly type: 'cancelTasks'; readonly slot: HeldSlot; readonly tasks: readonly ExecutionRef[] }
  | { readonly type: 'freeSlot'; readonly slot: HeldSlot; readonly reason: string }
  | {
      readonly type: 'startBackoff';
      readonly region: number;
      readonly attempt: number;
      readonly delayMs: number;
    }
  /** All tasks of a job that is to go on with another parallelism have stopped. */
  | { readonly type: 'suspended' }
  | { readonly type: 'discardAttempt'; readonly region: number; readonly attempt: number }
  | {
      readonly type: 'announceJob';
      readonly from: JobStatus;
      readonly to: JobStatus;
      readonly error?: SerializedError;
    }
  | {
      readonly type: 'announceExecution';
      readonly ref: ExecutionRef;
      readonly to: ExecutionState;
      readonly taskManagerId?: TaskManagerId;
      readonly error?: SerializedError;
    };

export interface Decision {
  readonly state: SchedulerState;
  readonly effects: readonly SchedulerEffect[];
}

/** The world as a decision sees it. */
export interface Moment {
  /** Monotonic ms. */
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}
