import type { OperatorStateStore } from './checkpointed.ts';
import type { TaskInfo } from './context.ts';

/** Writes records out. Writers run in the subtasks. */
export interface Sink<T> {
  createWriter(context: SinkWriterContext): SinkWriter<T> | Promise<SinkWriter<T>>;
}

export interface SinkWriterContext {
  readonly taskInfo: TaskInfo;
  /** Wall time in ms. */
  now(): number;
  /** State of this subtask; for what a writer must find again after a failure. */
  getOperatorStateStore(): OperatorStateStore;
  /** Sends rows to the client that waits on `collect()`; see `CollectSink`. */
  sendResults(collectId: string, rows: readonly unknown[], resumeAt?: number): Promise<void>;
}

export interface SinkWriter<T> {
  /** Takes one record; synchronous, buffers inside. `timestamp` is `NO_TIMESTAMP` where there is none. */
  write(value: T, timestamp: number): void;
  /**
   * Backpressure: a promise while the writer's buffer is full; the task takes no input until it resolves, and fails with
   * what it rejects with. `undefined` means: go on.
   */
  pending?(): Promise<void> | undefined;
  /** Everything written so far is out. Called at a barrier and at the end of the input (`endOfInput`). */
  flush(endOfInput: boolean): void | Promise<void>;
  /** Releases files and connections. `aborted`: the attempt failed or was canceled; unfinished output is discarded. */
  close(aborted: boolean): void | Promise<void>;
}

/** Side output of sources with policy `dead-letter`. */
export interface BadRecord {
  /** File and line, subject and sequence. */
  readonly where: string;
  /** The raw record, cut at 1,000 characters. */
  readonly raw: string;
  readonly reason: string;
}

/** Id of the side output that carries `BadRecord`s; read it with `stream.getSideOutput(BAD_RECORDS)`. */
export const BAD_RECORDS_ID = 'bad-records';
