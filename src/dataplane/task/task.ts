import type { Epoch, JobId, VertexId } from '../../base/ids.ts';
import type { SourceSplit } from '../../functions/source.ts';
import type { EdgeRecords } from '../../graph/chain-plan.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { SpillFiles } from '../../ports/spill-files.ts';
import type { MetricSamples } from '../../protocol/metrics.ts';
import type { KeyedStates, LatencyTrackSettings } from '../../state/index.ts';
import type { TaskCheckpointing } from '../checkpoint/task-checkpointing.ts';
import type {
  ChannelDescriptor,
  CheckpointBarrier,
  InputChannel,
  OutputChannel,
} from '../exchange/channel.ts';
import type { TaskMetricSettings } from './task-metrics.ts';

/** What identifies and shapes one subtask's attempt. Plain data. */
export interface TaskDescriptor {
  readonly jobId: JobId;
  readonly jobName: string;
  readonly vertexId: VertexId;
  readonly vertexName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** 0 for the first run of the job, +1 for each restart. */
  readonly attempt: number;
  /** Of the JobManager that deployed it; attempts are counted anew by each. */
  readonly epoch: Epoch;
  readonly inputs: readonly ChannelDescriptor[];
  readonly outputs: readonly ChannelDescriptor[];
}

/**
 * - `progress`: did something, call again;
 * - `blocked`: nothing to do until `TaskEnvironment.wake` is called (by a channel, a timer, a promise);
 * - `finished`: all input read, everything flushed; never stepped again.
 */
export type StepResult = 'progress' | 'blocked' | 'finished';

/**
 * The work of a subtask: its chain between its channels. Driven by the slot's loop, which calls `open` once, then `step`
 * until it finishes or throws, then `close` once. `step` is synchronous, runs for about `budgetMs`, and never blocks.
 */
export interface Task {
  readonly descriptor: TaskDescriptor;
  readonly counters: TaskCounters;
  /** What the task and its operators measure now. @param now monotonic ms */
  collectMetrics(now: number): MetricSamples[];
  open(): Promise<void>;
  /** Throws TaskError (operator name, subtask and record named; cause kept) when a user function or a channel fails. */
  step(budgetMs: number): StepResult;
  /** @param assignmentId counts assignments; a snapshot says how many the task had taken */
  addSplits(splits: readonly SourceSplit[], assignmentId: number): void;
  notifyNoMoreSplits(): void;
  /** Begins a checkpoint at a task that no barrier reaches: a source, or one whose inputs have ended. */
  triggerCheckpoint(barrier: CheckpointBarrier): void;
  /** The checkpoint is to be taken unaligned: what is in the channels becomes part of it. */
  takeUnaligned(checkpointId: number): void;
  notifyCheckpointComplete(checkpointId: number): void;
  notifyCheckpointAborted(checkpointId: number): void;
  close(aborted: boolean): Promise<void>;
}

/** Monotone counts, read by the actor for reports. Bytes are those of serialized channels. */
export interface TaskCounters {
  numRecordsIn: number;
  numRecordsOut: number;
  numBytesIn: number;
  numBytesOut: number;
  numLateRecordsDropped: number;
  /** Watermarks of a generator that were below an earlier one, and were ignored. */
  numWatermarksBackwards: number;
  numRecordsInErrors: number;
  /** Records sent that were not of their declared type; records that stay in their slot are not looked at. */
  numRecordsOutMistyped: number;
  /** Committables of sinks: made visible, tried again (each time), and waiting for their checkpoint or commit now. */
  successfulCommittables: number;
  retriedCommittables: number;
  pendingCommittables: number;
  /** Time in `step` that made progress, in ms. */
  busyMs: number;
  /** Time blocked because an output was full, in ms. */
  backPressuredMs: number;
  currentInputWatermark: number;
}

/** The world of a task, provided by its slot. */
export interface TaskEnvironment {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The task may have work again. Cheap, idempotent, callable from any callback of this thread. */
  wake(): void;
  /** @param records what is known of the channel's records */
  openInput(channel: ChannelDescriptor, records?: EdgeRecords): InputChannel;
  openOutput(channel: ChannelDescriptor, records?: EdgeRecords): OutputChannel;
  /** Asks the source-coordinator for splits of this subtask. */
  requestSplit(): void;
  /**
   * Tells the job-manager how far a source with watermark alignment has read, undefined where it holds nobody back. Resolves with
   * the smallest watermark of the others of its group, undefined where none holds anybody back; rejects when no answer came.
   */
  reportWatermark(watermark: number | undefined, intervalMs: number): Promise<number | undefined>;
  /** Delivers rows of `collect()` to the job-manager; resolves when they have arrived. */
  sendResults(collectId: string, rows: readonly unknown[], resumeAt?: number): Promise<void>;
  /** For what does not fit into memory. */
  readonly spillFiles: SpillFiles;
  readonly settings: TaskSettings;
  /** Missing where nobody collects metrics. */
  readonly metrics?: TaskMetricSettings;
  /** Opens what the keyed state of this task needs; missing: keyed state is on the heap. */
  openKeyedStates?(): Promise<KeyedStates>;
  /** Missing where the job takes no checkpoints and goes on from none. */
  readonly checkpointing?: TaskCheckpointing;
}

/** Configuration that tasks read, resolved to numbers. */
export interface TaskSettings {
  /** `execution.buffer-timeout.interval` in ms; 0 flushes after each step. */
  readonly bufferTimeoutMs: number;
  /** `pipeline.auto-watermark-interval` in ms. */
  readonly autoWatermarkIntervalMs: number;
  /** `pipeline.object-reuse`: chained operators may receive the same object. */
  readonly objectReuse: boolean;
  /** `execution.sorted-inputs.memory`: records that an operator keeps in memory in execution mode BATCH. */
  readonly sortedInputsBytes: number;
  /** `state.latency-track.*`; undefined: accesses to keyed state are not timed. */
  readonly latencyTrack: LatencyTrackSettings | undefined;
}
