import { InternalError } from '../../base/errors.ts';
import { MIN_WATERMARK } from '../../base/time.ts';
import type { ChannelElement, ChannelEvent, InputChannel, RecordBatch } from './channel.ts';

/** What a gate hands to its task. */
export type GateEvent =
  | { readonly kind: 'records'; readonly input: number; readonly batch: RecordBatch }
  /** The watermark over all channels rose. */
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'idle'; readonly idle: boolean }
  /** All channels of this input ended. */
  | { readonly kind: 'end-of-input'; readonly input: number };

export interface GateChannel {
  readonly channel: InputChannel;
  /** Input number of the head operator. */
  readonly input: number;
}

class ChannelState {
  readonly channel: InputChannel;
  readonly input: number;
  watermark = MIN_WATERMARK;
  idle = false;
  ended = false;
  /** Takes part in the minimum: not while it catches up after idleness. */
  aligned = true;

  constructor({ channel, input }: GateChannel) {
    this.channel = channel;
    this.input = input;
  }
}

/**
 * Merges the channels into a subtask: fair round robin, one element of a channel at a time. The watermark is the minimum
 * over the channels that are neither idle nor ended, and never goes back: a channel that wakes up behind it counts again
 * once it has caught up (Flink's StatusWatermarkValve).
 */
export class InputGate {
  readonly #channels: readonly ChannelState[];
  readonly #openPerInput: number[] = [];
  #next = 0;
  #watermark = MIN_WATERMARK;
  #idle = false;

  constructor(channels: readonly GateChannel[]) {
    this.#channels = channels.map((channel) => new ChannelState(channel));
    for (const { input } of this.#channels) this.#openPerInput[input] = (this.#openPerInput[input] ?? 0) + 1;
  }

  /** Whether all channels of all inputs ended. */
  get ended(): boolean {
    return this.#openPerInput.every((open) => open === 0);
  }

  get bytesIn(): number {
    return this.#channels.reduce((sum, { channel }) => sum + (channel.bytesIn ?? 0), 0);
  }

  /** The next event, or undefined when no channel has anything now. */
  next(): GateEvent | undefined {
    const count = this.#channels.length;
    for (let empty = 0; empty < count;) {
      const state = this.#channels[this.#next] as ChannelState;
      this.#next = this.#next + 1 === count ? 0 : this.#next + 1;
      const element = state.ended ? undefined : state.channel.poll();
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
      case 'end':
        state.ended = true;
        return this.#endOf(state);
      case 'barrier':
        throw new InternalError(`barrier ${event.checkpointId} arrived, but this task takes no checkpoints`);
    }
  }

  /** The new minimum, when it rose. */
  #merged(): GateEvent | undefined {
    let minimum = Number.POSITIVE_INFINITY;
    for (const state of this.#channels) {
      if (state.aligned && !state.ended && state.watermark < minimum) minimum = state.watermark;
    }
    if (minimum === Number.POSITIVE_INFINITY || minimum <= this.#watermark) return undefined;
    this.#watermark = minimum;
    return { kind: 'watermark', timestamp: minimum };
  }

  #statusChanged(): GateEvent | undefined {
    const idle = this.#channels.every((state) => state.idle || state.ended);
    if (idle === this.#idle) return this.#merged();
    this.#idle = idle;
    return { kind: 'idle', idle };
  }

  #endOf(state: ChannelState): GateEvent | undefined {
    const open = (this.#openPerInput[state.input] ?? 0) - 1;
    this.#openPerInput[state.input] = open;
    if (open === 0) return { kind: 'end-of-input', input: state.input };
    // The slowest channel may be the one that ended.
    return this.#merged();
  }
}
