import type { TaskManagerId, VertexId } from '../../base/ids.ts';

/**
 * Which carrier a channel uses, decided by where its ends run: same slot by reference, same process through a ring in
 * shared memory, else over the network.
 */
export type Carrier = 'slot' | 'process' | 'network';

/** One end of a channel. */
export interface ChannelEnd {
  readonly vertexId: VertexId;
  readonly subtaskIndex: number;
  readonly taskManagerId: TaskManagerId;
  /** Slot index within the TaskManager. */
  readonly slot: number;
}

/** One channel: (producer subtask, consumer subtask) of one edge. Plain data; part of a deployment. */
export interface ChannelDescriptor {
  /** `<edgeId>-<producer>-<consumer>`, unique within one attempt of a job. */
  readonly channelId: string;
  readonly edgeId: string;
  readonly targetInput: number;
  readonly producer: ChannelEnd;
  readonly consumer: ChannelEnd;
  readonly carrier: Carrier;
  /**
   * Max parallelism of the consumer's vertex, which decides the key groups of a hash edge; where missing, that of the
   * producer's vertex.
   */
  readonly consumerMaxParallelism?: number;
}

/** A run of records. `timestamps[i]` belongs to `values[i]`; both have `length` entries in use. */
export interface RecordBatch {
  readonly kind: 'records';
  readonly values: unknown[];
  readonly timestamps: number[];
}

/** What a checkpoint is taken for; a set of bits. */
export const BARRIER_SAVEPOINT = 1;
/** The job ends when the savepoint is complete: sources send nothing behind the barrier. */
export const BARRIER_STOP = 2;
/** With `BARRIER_STOP`: event time goes to its end first, so that windows and timers fire. */
export const BARRIER_DRAIN = 4;
/** A checkpoint of all state, which later ones build on. */
export const BARRIER_FULL = 8;
/** A checkpoint of what changed, also where the job's others are not. */
export const BARRIER_INCREMENTAL = 16;

/** Divides the records of a channel into those before and those after a checkpoint (Chandy and Lamport, 1985). */
export interface CheckpointBarrier {
  readonly kind: 'barrier';
  readonly checkpointId: number;
  /** Wall time in ms at which the checkpoint was triggered. */
  readonly timestamp: number;
  /** `BARRIER_...` bits. */
  readonly flags: number;
  /** Of a savepoint: where it goes; empty for a checkpoint. */
  readonly location: string;
}

/** What flows between records, in order with them. */
export type ChannelEvent =
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'watermark-status'; readonly idle: boolean }
  | CheckpointBarrier
  /** No record follows; barriers may, until the end. */
  | { readonly kind: 'end-of-data' }
  | { readonly kind: 'end' };

export type ChannelElement = RecordBatch | ChannelEvent;

/**
 * The sending end. `offer` refuses when the channel is full: the element stays with the caller, who tries again later.
 * That is all of backpressure. A broken channel throws a ChannelError (retryable) from `offer` or `poll`.
 */
export interface OutputChannel {
  /** True: taken (the channel owns the arrays from now on). False: full, nothing was taken. */
  offer(element: ChannelElement): boolean;
  /** Makes everything taken visible to the consumer now. */
  flush(): void;
  /** Elements (frames) that may still be offered; 0 when full. */
  readonly capacity: number;
  /** Frames of taken elements that this end could not send yet; missing where that cannot be. */
  readonly unsent?: number;
  /** Bytes of these frames. */
  readonly unsentBytes?: number;
  /** Serialized bytes sent; missing where records go by reference. */
  readonly bytesOut?: number;
  /** Records sent that were not of the type declared for them; missing where nobody looks. */
  readonly mistyped?: number;
  close(): void;
}

/** What has come through a channel and was not taken out yet. */
export interface ChannelQueue {
  /** Elements, or frames where it serializes. */
  readonly length: number;
  /** Where it serializes; else 0. */
  readonly bytes: number;
  /** Share of the channel's room that is taken: 0 to 1. */
  readonly usage: number;
}

/** The receiving end. */
export interface InputChannel {
  /** The next element, or undefined when there is none now. Never blocks. */
  poll(): ChannelElement | undefined;
  /** Serialized bytes received; missing where records come by reference. */
  readonly bytesIn?: number;
  /** What waits to be polled now; missing where nobody knows. Not for hot paths. */
  waiting?(): ChannelQueue;
  close(): void;
}
