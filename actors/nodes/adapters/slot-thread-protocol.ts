import type { MessagePort } from 'node:worker_threads';
import type { SerializedError } from '../../../src/base/errors.ts';
import type { ClusterId, TaskManagerId } from '../../../src/base/ids.ts';
import type { SpanOptions, SpanOutcome, TraceContext } from '../../../src/ports/tracing.ts';
import type { MetricSamples } from '../../../src/protocol/metrics.ts';
import type { CancelTasks, SubmitTasks } from '../../../src/protocol/slot.ts';
import type { SlotMemory } from '../../task-manager/slot/slot-memory.ts';
import type { SlotMetricSettings } from '../../task-manager/slot/slot-runtime.ts';
import type { TaskManagerResources } from '../../task-manager/slot/task-manager-resources.ts';
import type { ThreadFigures } from './thread-meter.ts';
import type { NatsConnectionSpec } from './nats-connection.ts';

/** What a slot's thread is started with (`workerData`). */
export interface SlotThreadData {
  readonly clusterId: ClusterId;
  readonly taskManagerId: TaskManagerId;
  readonly processId: string;
  readonly slot: number;
  /** Wakes the slot's loop; see `Doorbell`. */
  readonly doorbell: SharedArrayBuffer;
  readonly resources: TaskManagerResources;
  readonly metrics: SlotMetricSettings;
  /** Whether spans are of use to anybody. */
  readonly tracing: boolean;
  /** The control transport, served by the main thread. */
  readonly port: MessagePort;
  /** Where to open the data connection; absent where the cluster is one process. */
  readonly data?: NatsConnectionSpec;
}

/** A ring with the doorbell of the slot at its other end. */
export interface RingHandle {
  readonly channelId: string;
  readonly ring: SharedArrayBuffer;
  readonly peerDoorbell: SharedArrayBuffer;
}

/** Main thread to slot thread. */
export type SlotThreadCommand =
  | {
      readonly type: 'deploy';
      readonly request: SubmitTasks;
      readonly rings: readonly RingHandle[];
      readonly module: LocalModule;
      /** On whose behalf. */
      readonly trace: TraceContext | undefined;
    }
  | { readonly type: 'cancel'; readonly request: CancelTasks };

/** The job's module as a file on this machine, or why it could not be brought here. */
export type LocalModule = { readonly path: string } | { readonly error: SerializedError };

/** Slot thread to main thread. */
export type SlotThreadFact =
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: string;
    }
  | {
      readonly type: 'span';
      readonly name: string;
      readonly options: SpanOptions;
      readonly outcome: SpanOutcome;
    }
  | {
      readonly type: 'metrics';
      readonly groups: readonly MetricSamples[];
      readonly memory: SlotMemory;
      readonly thread: ThreadFigures;
    }
  | { readonly type: 'failed'; readonly error: SerializedError };
