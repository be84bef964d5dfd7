import type { SerializedError } from '../../../src/base/errors.ts';
import type { TaskManagerId } from '../../../src/base/ids.ts';
import type { MetricSamples } from '../../../src/protocol/metrics.ts';
import type { CancelTasks, SubmitTasks } from '../../../src/protocol/slot.ts';
import type { SlotMemory } from './slot-memory.ts';

/**
 * The thread of a slot, as its actor drives it. Adapters: a worker thread (`actors/nodes/adapters`), or inline on the
 * simulator's clock (`actors/testing`).
 */
export interface SlotThread {
  /** Runs the subtasks; deploying one that is known already changes nothing. */
  deploy(request: SubmitTasks): void;
  /** Stops subtasks; those unknown are reported CANCELED and never start. */
  cancel(request: CancelTasks): void;
  /** Ends the thread whatever it does; resolves when it is gone. Idempotent. */
  terminate(): Promise<void>;
}

export interface SlotThreadOptions {
  readonly taskManagerId: TaskManagerId;
  readonly processId: string;
  readonly slot: number;
  /** The thread ended without being asked. */
  onExit(error: SerializedError): void;
  /** What the subtasks measure, and what memory they have taken; told about once a second. */
  onMetrics(groups: readonly MetricSamples[], memory: SlotMemory): void;
}

export type StartSlotThread = (options: SlotThreadOptions) => SlotThread;
