import type { OperatorStateStore } from './checkpointed.ts';
import type { MetricGroup } from './metrics.ts';

/**
 * Sources in Flink's two halves: an enumerator in the job-manager finds splits and hands them out, readers in the
 * subtasks read them. A split is plain data (it travels in messages and checkpoints) with a stable `splitId`.
 */
export interface SourceSplit {
  readonly splitId: string;
}

export interface Source<T, S extends SourceSplit = SourceSplit> {
  readonly boundedness: 'bounded' | 'continuous-unbounded';
  createEnumerator(context: SplitEnumeratorContext<S>): SplitEnumerator<S>;
  /**
   * The enumerator of a job that goes on from a checkpoint. Where missing, the splits are handed out one by one.
   * @param splits that no reader held
   */
  restoreEnumerator?(context: SplitEnumeratorContext<S>, splits: readonly S[]): SplitEnumerator<S>;
  createReader(context: SourceReaderContext): SourceReader<T, S>;
}

export interface SplitEnumeratorContext<S extends SourceSplit> {
  /** Parallelism of the source. */
  readonly parallelism: number;
  assignSplits(subtaskIndex: number, splits: readonly S[]): void;
  /** Tells the reader that it gets no further splits: it ends when it has read what it holds. */
  signalNoMoreSplits(subtaskIndex: number): void;
  /** Wall time in ms. */
  now(): number;
}

/** Lives in the source-coordinator; calls come one at a time. An error it throws fails the job. */
export interface SplitEnumerator<S extends SourceSplit> {
  /** Discovers splits (lists files, asks a server). */
  start(): void | Promise<void>;
  /** A reader has started, also again after a restart. */
  addReader(subtaskIndex: number): void;
  /** A reader is out of work: assign splits now or later, or signal that there are none. */
  handleSplitRequest(subtaskIndex: number): void;
  /** Splits that a failed reader held come back with the position of the last checkpoint. */
  addSplitsBack(splits: readonly S[], subtaskIndex: number): void;
  /** Splits not assigned yet, for a checkpoint. */
  snapshotState(): readonly S[];
  close(): void | Promise<void>;
}

export interface SourceReaderContext {
  readonly subtaskIndex: number;
  readonly parallelism: number;
  /** Wall time in ms. */
  now(): number;
  /** Metrics of this source's subtask. */
  metricGroup(): MetricGroup;
  /** State of this subtask beside its splits. */
  getOperatorStateStore(): OperatorStateStore;
  /** Asks the enumerator for work; the answer comes as `addSplits` or `notifyNoMoreSplits`. */
  sendSplitRequest(): void;
  /** Resolves after `ms`: for rate limits and polling. */
  sleep(ms: number): Promise<void>;
  /**
   * Applies the source's policy to a record that cannot be decoded: counts it, and for policy `fail` throws an error
   * that names `where` (file and line, subject and sequence).
   */
  reportBadRecord(policy: BadRecordPolicy, where: string, raw: string, cause: unknown): void;
}

/** What happens with data that cannot be decoded; `dead-letter` records go to `BAD_RECORDS` (see sink.ts). */
export type BadRecordPolicy = 'fail' | 'skip' | 'dead-letter';

/** A batch of one split. `timestamps` are given where the source knows them, one per value, ms. */
export interface SourceBatch<T> {
  readonly splitId: string;
  readonly values: readonly T[];
  readonly timestamps?: ArrayLike<number>;
}

export interface SourceReader<T, S extends SourceSplit> {
  /** Splits of a checkpoint that the reader goes on with have been added before. */
  start(): void | Promise<void>;
  addSplits(splits: readonly S[]): void;
  notifyNoMoreSplits(): void;
  /**
   * The next batch, at most about `maxRecords` long; never blocks. `waiting`: nothing now, `available()` says when.
   * `end`: all splits read and none will come. An error that a background read met is thrown here.
   */
  poll(maxRecords: number): SourceBatch<T> | 'waiting' | 'end';
  /** Resolves when `poll` is worth calling again. */
  available(): Promise<void>;
  /**
   * For watermark alignment: `poll` skips the paused splits until they are resumed, and `available()` resolves at a
   * resumption. Without it, only the whole reader is held: all its splits wait as long as it is ahead with the last of them.
   */
  pauseOrResumeSplits?(toPause: readonly string[], toResume: readonly string[]): void;
  /** Records that wait to be read, where the reader knows: the metric `pendingRecords`. Asked about once a second. */
  pendingRecords?(): number | undefined;
  /** Bytes of the splits held that were not read yet, where the reader knows: the metric `pendingBytes`. As `pendingRecords`. */
  pendingBytes?(): number | undefined;
  /** Splits held, with positions after the last batch handed out. */
  snapshotState(): readonly S[];
  close(): void | Promise<void>;
}
