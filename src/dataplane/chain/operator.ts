import type { FunctionSnapshotContext } from '../../functions/checkpointed.ts';
import type { KeySelector } from '../../functions/basic.ts';
import type { TaskInfo } from '../../functions/context.ts';
import type { OperatorId } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SpillFiles } from '../../ports/spill-files.ts';
import type { Logger } from '../../ports/logger.ts';
import type { MetricComponent } from '../../metrics/component.ts';
import type { InMemoryOperatorStateStore, KeyedStateBackend } from '../../state/index.ts';
import type { TaskCounters, TaskSettings } from '../task/task.ts';
import type { OperatorRuntimeContext } from './runtime-context.ts';
import type { Flow } from './flow.ts';
import type { EmitCount } from './record-counts.ts';
import type { Trace } from './trace.ts';

/** Hands one record on: a direct, synchronous call. `timestamp` is `NO_TIMESTAMP` where the record has none. */
export type Emit = (value: unknown, timestamp: number) => void;

/** Makes the operators of one node of the graph; holds the user's functions. */
export interface OperatorFactory {
  /** The operator's type, such as `map` or `window`. */
  readonly kind: string;
  /** Number of inputs; 0 for sources. */
  readonly inputs: number;
  /**
   * How it is known how many records the operator emits:
   * - `one-each`: one for each that it gets, but for those that it says it skipped (`context.emitted.skipped`);
   * - `counted`: it counts them itself (`context.emitted.records`);
   * - missing: its main output is counted, for a nanosecond per record.
   */
  readonly emits?: 'one-each' | 'counted';
  create(): StreamOperator;
  /** The factory to use with execution mode BATCH; where missing, this one. */
  forBatch?(): OperatorFactory;
}

/**
 * One operator of a chain in one subtask. Records come through the functions that `setup` returns. Methods that return
 * false stopped early because an output is full (`context.flow.blocked`): they are called again with the same argument
 * and go on where they were. Nothing here is asynchronous but `open`, `finish` and `close`.
 */
export interface StreamOperator {
  /** Called once, before `open`, when everything downstream is set up. Returns one entry per input. */
  setup(context: OperatorContext): readonly Emit[];
  open?(): void | Promise<void>;
  /**
   * By input, the key under which a record is handled; undefined for an input without keys. An operator that has it asks for its rows
   * itself before timers and windows; to one that has it not, all its keyed state is brought before it is opened.
   */
  readonly keySelectors?: readonly (KeySelector<unknown> | undefined)[];
  /** Event time of this operator reached `watermark`: fire what is due. Never called with a smaller one. */
  advanceWatermark?(watermark: number): boolean;
  /** The watermark to send on; where missing, the input's. */
  currentWatermark?(inputWatermark: number): number;
  /** Whether this operator's output is idle; where missing, as its input. */
  isIdle?(inputIdle: boolean): boolean;
  /** Wall time reached `now`. */
  advanceProcessingTime?(now: number): boolean;
  /** Wall time at which `advanceProcessingTime` is next needed. */
  nextProcessingTimer?(): number | undefined;
  /** The user's function object: its own hooks (CheckpointedFunction, CheckpointListener) are called with the operator's. */
  readonly userFunction?: unknown;
  /**
   * A barrier has come: what must survive goes into states. Records wait until the promise resolves; results that are emitted
   * here still belong before the barrier.
   */
  snapshotState?(context: FunctionSnapshotContext): void | Promise<void>;
  /** The checkpoint is durable. The task ends only when the promise has resolved, and fails with what it rejects with. */
  notifyCheckpointComplete?(checkpointId: number): void | Promise<void>;
  notifyCheckpointAborted?(checkpointId: number): void;
  /** No more records on this input; its last watermark was MAX_WATERMARK. */
  endInput?(input: number): boolean;
  /** After all inputs ended and all records were handed on: everything written is out when it resolves. */
  finish?(): void | Promise<void>;
  close?(aborted: boolean): void | Promise<void>;
}

/** Wall time of the batch in hand, ms: read once for all its records. */
export interface WallTime {
  now: number;
}

/** What an operator may know about its job's checkpoints. */
export interface CheckpointFacts {
  /** Whether a last checkpoint follows the end of the input. */
  readonly atEndOfInput: boolean;
  /** The one that the job goes on from. */
  readonly restored: number | undefined;
}

/** What an operator gets from its task. */
export interface OperatorContext {
  readonly operatorName: string;
  /** The same in every attempt. */
  readonly operatorId: OperatorId;
  readonly taskInfo: TaskInfo;
  /** Index in the chain, for `trace.node`. */
  readonly node: number;
  /** Set `trace.node = node` before each call into user code, again after each call of an output. */
  readonly trace: Trace;
  readonly flow: Flow;
  readonly counters: TaskCounters;
  /** Metrics of this operator: what functions register, and what the operator adds. */
  readonly metrics: MetricComponent;
  /** What the operator says of the records on its main output, where its factory's `emits` wants that. */
  readonly emitted: EmitCount;
  /** A record came behind the watermark and its allowed lateness. */
  dropLate(): void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly checkpoints: CheckpointFacts;
  readonly wallTime: Readonly<WallTime>;
  readonly settings: TaskSettings;
  /** For what does not fit into memory. */
  readonly spillFiles: SpillFiles;
  /** The main output. */
  readonly output: Emit;
  /** Where a side output goes; undefined when nobody reads it. */
  sideOutput(tagId: string): Emit | undefined;
  /** Keyed state of this operator; the same backend at each call. */
  keyedState(): KeyedStateBackend;
  /** State of this operator's subtask, without keys; the same store at each call. */
  operatorState(): InMemoryOperatorStateStore;
  /** For rich functions; with keyed state where `keyed`. */
  runtimeContext(keyed: boolean): OperatorRuntimeContext;
  sendResults(collectId: string, rows: readonly unknown[], resumeAt?: number): Promise<void>;
}
