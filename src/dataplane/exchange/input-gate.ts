import { UNALIGNED_RECORDS_MAX } from '../../base/limits.ts';
import { MIN_WATERMARK } from '../../base/time.ts';
import { BarrierAlignment } from './barrier-alignment.ts';
import type { AlignedBarrier, AlignedChannel } from './barrier-alignment.ts';
import type {
  ChannelElement,
  ChannelEvent,
  ChannelQueue,
  CheckpointBarrier,
  InputChannel,
  RecordBatch,
} from './channel.ts';

/** What a gate hands to its task. */
export type GateEvent =
  | { readonly kind: 'records'; readonly input: number; readonly batch: RecordBatch }
  /** The watermark over all channels rose. */
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'idle'; readonly idle: boolean }
  /** All channels of this input have handed in their last record. */
  | { readonly kind: 'end-of-input'; readonly input: number }
  /** A checkpoint's barrier has come on all channels. */
  | { readonly kind: 'barrier'; readonly barrier: AlignedBarrier };

export interface GateChannel {
  readonly channel: InputChannel;
  /** Input number of the head operator. */
  readonly input: number;
  readonly edgeId?: string;
  readonly channelId?: string;
  /** Whether its records come from another process. */
  readonly remote?: boolean;
}

/** What came through one channel. */
export interface ChannelTraffic {
  readonly channelId: string;
  readonly remote: boolean;
  readonly records: number;
  readonly batches: number;
  readonly bytes: number;
  /** Input number of the head operator, and the watermark that came last; ended: it holds nothing back any more. */
  readonly input: number;
  readonly watermark: number;
  readonly ended: boolean;
}

interface HeldBack {
  readonly element: ChannelElement;
  /** That it came in, where it is records. */
  readonly bytes: number;
}

class ChannelState implements AlignedChannel {
  readonly channel: InputChannel;
  readonly input: number;
  readonly edgeId: string;
  readonly channelId: string;
  readonly remote: boolean;
  /** Records taken out of the channel, ever, and when its last barrier came. */
  records = 0;
  batches = 0;
  recordsAtBarrier = 0;
  /** Serialized bytes of these records. */
  recordBytes = 0;
  /** Of the channel, after the last element. */
  bytesSeen = 0;
  /** Taken out of the channel ahead of their turn, for a checkpoint that does not wait for them. */
  readonly backlog: HeldBack[] = [];
  watermark = MIN_WATERMARK;
  idle = false;
  /** No record comes any more. */
  drained = false;
  ended = false;
  blocked = false;
  arrived = false;
  /** Takes part in the minimum: not while it catches up after idleness. */
  aligned = true;

  constructor({ channel, input, edgeId = '', channelId = '', remote = false }: GateChannel) {
    this.remote = remote;
    this.channelId = channelId;
    this.channel = channel;
    this.input = input;
    this.edgeId = edgeId;
  }
}

export interface InputGateOptions {
  /** Whether a channel waits behind its barrier for those of the others (EXACTLY_ONCE). Default true. */
  readonly blocksAtBarriers?: boolean;
  /** Monotonic ms, to measure alignment. */
  readonly now?: () => number;
}

/**
 * Merges the channels into a subtask: fair round robin, one element of a channel at a time. The watermark is the minimum
 * over the channels that are neither idle nor ended, and never goes back: a channel that wakes up behind it counts again
 * once it has caught up (Flink's StatusWatermarkValve).
 */
export class InputGate {
  readonly #channels: readonly ChannelState[];
  readonly #openPerInput: number[] = [];
  readonly #alignment: BarrierAlignment;
  #next = 0;
  #watermark = MIN_WATERMARK;
  #idle = false;
  /** Handed on before anything else. */
  readonly #queued: GateEvent[] = [];
  /** The checkpoint that is to be taken unaligned. */
  #unaligned = 0;
  #backlogRecords = 0;
  #backlogBytes = 0;

  constructor(channels: readonly GateChannel[], options: InputGateOptions = {}) {
    const { blocksAtBarriers = true, now = () => 0 } = options;
    this.#channels = channels.map((channel) => new ChannelState(channel));
    this.#alignment = new BarrierAlignment(this.#channels, blocksAtBarriers, now, () =>
      this.#channels.reduce((sum, { recordBytes }) => sum + recordBytes, -this.#backlogBytes),
    );
    for (const { input } of this.#channels) this.#openPerInput[input] = (this.#openPerInput[input] ?? 0) + 1;
  }

  /** Whether no channel has a record any more. */
  get drained(): boolean {
    return this.#openPerInput.every((open) => open === 0);
  }

  /** A checkpoint begins whose barrier no channel brings: all that feed it have ended, or are about to. */
  announce(barrier: CheckpointBarrier): void {
    const complete = this.#alignment.announce(barrier);
    if (complete !== undefined) this.#queued.push(this.#barrierEvent(complete));
  }

  /** A checkpoint was given up: its barriers block nothing any more. */
  cancelAlignment(checkpointId: number): void {
    this.#alignment.cancel(checkpointId);
  }

  /**
   * The checkpoint is not to wait until what is in the channels has been processed (unaligned): `drain` takes it out, up to
   * the barriers, and it becomes part of the checkpoint.
   */
  takeUnaligned(checkpointId: number): void {
    if (!this.#alignment.isPast(checkpointId)) this.#unaligned = Math.max(this.#unaligned, checkpointId);
  }

  /** Takes elements out of the channels ahead of their turn, where a checkpoint wants it. Also while the task is blocked. */
  drain(): void {
    if (this.#unaligned === 0 || this.#queued.length > 0) return;
    if (this.#alignment.isPast(this.#unaligned)) {
      this.#unaligned = 0;
      return;
    }
    for (const state of this.#channels) {
      while (!state.arrived && !state.ended && this.#backlogRecords < UNALIGNED_RECORDS_MAX) {
        const before = state.recordBytes;
        const element = poll(state);
        if (element === undefined) break;
        const complete = this.#takeAhead(state, element, before);
        if (complete !== undefined) {
          this.#queued.push(this.#barrierEvent(complete));
          return;
        }
      }
    }
  }

  #takeAhead(state: ChannelState, element: ChannelElement, bytesBefore: number): AlignedBarrier | undefined {
    if (element.kind === 'barrier') return this.#alignment.arrive(state, element);
    this.#holdBack(state, { element, bytes: state.recordBytes - bytesBefore });
    if (element.kind !== 'end') return undefined;
    state.ended = true;
    return this.#alignment.ended();
  }

  #holdBack(state: ChannelState, held: HeldBack): void {
    const { element, bytes } = held;
    state.backlog.push(held);
    this.#backlogBytes += bytes;
    if (element.kind === 'records') this.#backlogRecords += element.values.length;
  }

  /** Records that had come through each channel when its last barrier came, by channel id. */
  recordsAtBarrier(): (readonly [string, number])[] {
    return this.#channels
      .filter(({ ended }) => !ended)
      .map(({ channelId, recordsAtBarrier }) => [channelId, recordsAtBarrier]);
  }

  /** What came through each channel so far. */
  traffic(): ChannelTraffic[] {
    return this.#channels.map(
      ({ channelId, remote, records, batches, channel, input, watermark, drained }) => {
        const bytes = channel.bytesIn ?? 0;
        return { channelId, remote, records, batches, bytes, input, watermark, ended: drained };
      },
    );
  }

  /** What waits in each channel, that was taken out ahead of its turn included. */
  waiting(): ChannelQueue[] {
    return this.#channels.map(({ channel, backlog }) => {
      const { length, bytes, usage } = channel.waiting?.() ?? { length: 0, bytes: 0, usage: 0 };
      return { length: length + backlog.length, bytes, usage };
    });
  }

  get bytesIn(): number {
    return this.#channels.reduce((sum, { channel }) => sum + (channel.bytesIn ?? 0), 0);
  }

  /** The next event, or undefined when no channel has anything now. */
  next(): GateEvent | undefined {
    if (this.#queued.length > 0) return this.#queued.shift();
    const count = this.#channels.length;
    for (let empty = 0; empty < count;) {
      const state = this.#channels[this.#next] as ChannelState;
      this.#next = this.#next + 1 === count ? 0 : this.#next + 1;
      const element = this.#take(state);
      if (element === undefined) {
        empty += 1;
        continue;
      }
      empty = 0;
      const event = this.#accept(state, element);
      if (event !== undefined) return event;
    }
    return undefined;
  }

  close(): void {
    for (const { channel } of this.#channels) channel.close();
  }

  #take(state: ChannelState): ChannelElement | undefined {
    const { backlog } = state;
    if (backlog.length === 0) return state.ended || state.blocked ? undefined : poll(state);
    const { element, bytes } = backlog.shift() as HeldBack;
    this.#backlogBytes -= bytes;
    if (element.kind === 'records') this.#backlogRecords -= element.values.length;
    return element;
  }

  #accept(state: ChannelState, element: ChannelElement): GateEvent | undefined {
    if (element.kind === 'records') return { kind: 'records', input: state.input, batch: element };
    return this.#acceptEvent(state, element);
  }

  #acceptEvent(state: ChannelState, event: ChannelEvent): GateEvent | undefined {
    switch (event.kind) {
      case 'watermark':
        if (event.timestamp <= state.watermark) return undefined;
        state.watermark = event.timestamp;
        if (!state.idle && state.watermark >= this.#watermark) state.aligned = true;
        return this.#merged();
      case 'watermark-status':
        state.idle = event.idle;
        state.aligned = !event.idle && state.watermark >= this.#watermark;
        return this.#statusChanged();
      case 'end-of-data':
        return this.#endOfChannel(state);
      case 'end':
        state.ended = true;
        return this.#endOfChannel(state);
      case 'barrier':
        return this.#barrierIf(this.#alignment.arrive(state, event));
    }
  }

  /** The others may have been waiting for this channel's barrier alone; its last record's end comes first. */
  #endOfChannel(state: ChannelState): GateEvent | undefined {
    const end = this.#endOf(state);
    const barrier = this.#barrierIf(this.#alignment.ended());
    if (end === undefined) return barrier;
    if (barrier !== undefined) this.#queued.push(barrier);
    return end;
  }

  #barrierIf(barrier: AlignedBarrier | undefined): GateEvent | undefined {
    return barrier === undefined ? undefined : this.#barrierEvent(barrier);
  }

  /** What was taken out ahead of its turn, and is still to be processed, had come before the barrier. */
  #barrierEvent(barrier: AlignedBarrier): GateEvent {
    const inFlight = this.#channels.flatMap(({ input, edgeId, backlog }) =>
      backlog.flatMap(({ element }) =>
        element.kind === 'records' ? [{ input, edgeId, batch: element }] : [],
      ),
    );
    return { kind: 'barrier', barrier: { ...barrier, inFlight } };
  }

  /** The new minimum, when it rose. */
  #merged(): GateEvent | undefined {
    let minimum = Number.POSITIVE_INFINITY;
    for (const state of this.#channels) {
      if (state.aligned && !state.drained && state.watermark < minimum) minimum = state.watermark;
    }
    if (minimum === Number.POSITIVE_INFINITY || minimum <= this.#watermark) return undefined;
    this.#watermark = minimum;
    return { kind: 'watermark', timestamp: minimum };
  }

  #statusChanged(): GateEvent | undefined {
    const idle = this.#channels.every((state) => state.idle || state.drained);
    if (idle === this.#idle) return this.#merged();
    this.#idle = idle;
    return { kind: 'idle', idle };
  }

  #endOf(state: ChannelState): GateEvent | undefined {
    if (state.drained) return undefined;
    state.drained = true;
    const open = (this.#openPerInput[state.input] ?? 0) - 1;
    this.#openPerInput[state.input] = open;
    if (open === 0) return { kind: 'end-of-input', input: state.input };
    // The slowest channel may be the one that ended.
    return this.#merged();
  }
}

function poll(state: ChannelState): ChannelElement | undefined {
  const { channel } = state;
  const element = channel.poll();
  if (element === undefined) return undefined;
  // What a record in several frames came in counts with its last one.
  const bytes = channel.bytesIn ?? 0;
  if (element.kind === 'records') {
    state.records += element.values.length;
    state.batches += 1;
    state.recordBytes += bytes - state.bytesSeen;
  } else if (element.kind === 'barrier') state.recordsAtBarrier = state.records;
  state.bytesSeen = bytes;
  return element;
}
