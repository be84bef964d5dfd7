import type { AlignedBarrier } from '../exchange/barrier-alignment.ts';
import type { CheckpointBarrier } from '../exchange/channel.ts';

/** Where a task's records come from: channels or a source. */
export interface TaskInput {
  open(): void | Promise<void>;
  /**
   * Takes one batch or event and hands it to the chain; less where an output is full. `idle`: nothing there now, a wake
   * will come. `ended`: nothing will come.
   */
  step(): 'progress' | 'idle' | 'ended';
  /** After the last record: takes barriers and nothing else. */
  stepBarriers(): 'progress' | 'idle';
  /** Monotonic time at which `step` is next worth calling without a wake. */
  nextDeadline(): number | undefined;
  /** The coordinator has a checkpoint begin here: no channel brings its barrier. */
  trigger(barrier: CheckpointBarrier): void;
  /** The checkpoint does not wait until what is in the channels has been processed. */
  takeUnaligned(checkpointId: number): void;
  /** Takes out of the channels what an unaligned checkpoint waits for; also while the task is blocked. */
  drain(): void;
  /** Records that had come through each channel when its last barrier came, by channel id. */
  recordsReceived(): readonly (readonly [string, number])[];
  /** The checkpoint was given up: its barriers hold nothing back any more. */
  cancelAlignment(checkpointId: number): void;
  /** Whether everything taken from the source or the channels has gone through the chain's head. */
  readonly betweenBatches: boolean;
  readonly bytesIn: number;
  close(): void | Promise<void>;
}

/** What an input tells its task. */
export interface InputListener {
  /** The chain's watermark or idleness changed: carry it through before the next record. */
  advance(): void;
  /** A checkpoint's barrier has come on all channels. */
  barrier(barrier: AlignedBarrier): void;
}
