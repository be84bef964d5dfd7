import type { CheckpointBarrier, RecordBatch } from './channel.ts';

/** What alignment keeps of a channel. */
export interface AlignedChannel {
  /** The channel's barrier has come: nothing of it is taken until all others have theirs. */
  blocked: boolean;
  /** Its barrier of the checkpoint under way has come, or none will. */
  arrived: boolean;
  /** No record comes any more. */
  readonly drained: boolean;
  /** It has ended: no barrier comes any more. */
  readonly ended: boolean;
}

/** A barrier that has come on all channels. */
export interface AlignedBarrier extends CheckpointBarrier {
  /** From the first channel's barrier to the last one's, ms. */
  readonly alignmentMs: number;
  /** Handed to the task meanwhile; serialized bytes, so records that go by reference have none. */
  readonly processedBytes: number;
  /** Records that had come before the barrier and were not processed when it was taken; empty where it was aligned. */
  readonly inFlight: readonly InFlightBatch[];
}

/** Records of one channel on their way. */
export interface InFlightBatch {
  /** Input number of the head operator. */
  readonly input: number;
  readonly edgeId: string;
  readonly batch: RecordBatch;
}

/**
 * Waits until a checkpoint's barrier has come on every channel. Under EXACTLY_ONCE channels whose barrier has come are blocked
 * meanwhile; under AT_LEAST_ONCE they flow on. A later barrier ends the wait for an earlier one, which then never completes here.
 */
export class BarrierAlignment {
  readonly #channels: readonly AlignedChannel[];
  readonly #blocks: boolean;
  readonly #now: () => number;
  readonly #handedOn: () => number;
  #barrier: CheckpointBarrier | undefined;
  /** Channels that bring no records any more bring no barrier either: their end may never come. */
  #announced = false;
  #startedAt = 0;
  #bytesAtStart = 0;
  /** The newest checkpoint that was completed, given up or canceled here. */
  #past = 0;

  /** @param handedOn bytes that have gone from the channels to the task so far; asked at first and last barriers alone */
  constructor(
    channels: readonly AlignedChannel[],
    blocks: boolean,
    now: () => number,
    handedOn: () => number,
  ) {
    this.#channels = channels;
    this.#blocks = blocks;
    this.#now = now;
    this.#handedOn = handedOn;
  }

  /** @returns the barrier when this was the last channel's */
  arrive(channel: AlignedChannel, barrier: CheckpointBarrier): AlignedBarrier | undefined {
    if (!this.#begin(barrier)) return undefined;
    channel.arrived = true;
    channel.blocked = this.#blocks;
    return this.#completed();
  }

  /** The barrier of a checkpoint that no channel brings: it is complete when they have brought their last records. */
  announce(barrier: CheckpointBarrier): AlignedBarrier | undefined {
    if (!this.#begin(barrier)) return undefined;
    this.#announced = true;
    return this.#completed();
  }

  /** @returns whether it is the checkpoint that is awaited */
  #begin(barrier: CheckpointBarrier): boolean {
    const { checkpointId } = barrier;
    if (checkpointId <= this.#past) return false;
    if (this.#barrier !== undefined && checkpointId <= this.#barrier.checkpointId)
      return checkpointId === this.#barrier.checkpointId;
    this.#release();
    this.#barrier = barrier;
    this.#startedAt = this.#now();
    this.#bytesAtStart = this.#handedOn();
    return true;
  }

  /** The checkpoint whose barriers are awaited or come next is not older than this one. */
  isPast(checkpointId: number): boolean {
    return checkpointId <= this.#past;
  }

  /** A channel ended, or brought its last record: the others may have been waiting for it alone. */
  ended(): AlignedBarrier | undefined {
    return this.#completed();
  }

  /** The checkpoint was given up: its barriers mean nothing any more. */
  cancel(checkpointId: number): void {
    this.#past = Math.max(this.#past, checkpointId);
    if (this.#barrier !== undefined && this.#barrier.checkpointId <= checkpointId) this.#release();
  }

  #completed(): AlignedBarrier | undefined {
    const barrier = this.#barrier;
    const awaitsNone = ({ arrived, ended, drained }: AlignedChannel): boolean =>
      arrived || ended || (drained && this.#announced);
    if (barrier === undefined || !this.#channels.every(awaitsNone)) return undefined;
    this.#past = barrier.checkpointId;
    this.#release();
    return {
      ...barrier,
      alignmentMs: this.#now() - this.#startedAt,
      processedBytes: this.#handedOn() - this.#bytesAtStart,
      inFlight: [],
    };
  }

  #release(): void {
    this.#barrier = undefined;
    this.#announced = false;
    for (const channel of this.#channels) {
      channel.blocked = false;
      channel.arrived = false;
    }
  }
}
