import { assert } from '../../../src/base/assert.ts';
import { InternalError } from '../../../src/base/errors.ts';
import type { Epoch, JobId } from '../../../src/base/ids.ts';
import type {
  ChannelDescriptor,
  InputChannel,
  OutputChannel,
} from '../../../src/dataplane/exchange/channel.ts';
import type { ExchangeSettings } from '../../../src/dataplane/exchange/exchange-settings.ts';
import {
  LearnedCodec,
  createSlotChannel,
  frameCompression,
  networkInputChannel,
  networkOutputChannel,
  ringInputChannel,
  ringOutputChannel,
} from '../../../src/dataplane/exchange/index.ts';
import type { NetworkChannelOptions } from '../../../src/dataplane/exchange/index.ts';
import type { EdgeRecords } from '../../../src/graph/chain-plan.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import type { Subjects } from '../../../src/protocol/subjects.ts';

/** Which attempt a channel belongs to. */
export interface ChannelFence {
  readonly jobId: JobId;
  readonly epoch: Epoch;
  readonly attempt: number;
  readonly exchange: ExchangeSettings;
  /** Frames that each network channel into this slot may have in flight. */
  readonly windowFrames: number;
}

/** Opens the ends of channels of one slot; `records` says what is known of what goes over them. */
export interface OpenChannels {
  openInput(
    channel: ChannelDescriptor,
    fence: ChannelFence,
    wake: () => void,
    records?: EdgeRecords,
  ): InputChannel;
  openOutput(
    channel: ChannelDescriptor,
    fence: ChannelFence,
    wake: () => void,
    records?: EdgeRecords,
  ): OutputChannel;
  /** Bytes that the channel's input has for frames that wait; 0 where records go by reference. */
  inputBytes(channel: ChannelDescriptor, fence: ChannelFence): number;
}

/** A ring that this slot shares with another thread of its process. */
export interface SharedRing {
  readonly ring: SharedArrayBuffer;
  /** Wakes the loop at the other end. */
  readonly ringPeer: () => void;
}

export interface SlotChannelsOptions {
  readonly clock: Clock;
  readonly subjects: Subjects;
  /** For channels to other processes; absent where all slots are in one process. */
  readonly dataTransport?: Transport;
  /** Rings handed in with deployments. */
  ringOf(fence: Pick<ChannelFence, 'attempt'>, channelId: string): SharedRing | undefined;
}

interface SlotPair {
  readonly input: InputChannel;
  readonly output: OutputChannel;
  wakeConsumer: () => void;
  wakeProducer: () => void;
}

/** Chooses the carrier of each channel and joins both ends of those that stay in the slot. */
export class SlotChannels implements OpenChannels {
  readonly #options: SlotChannelsOptions;
  /** Same-slot channels with one end opened. */
  readonly #half = new Map<string, SlotPair>();

  constructor(options: SlotChannelsOptions) {
    this.#options = options;
  }

  openInput(
    channel: ChannelDescriptor,
    fence: ChannelFence,
    wake: () => void,
    records?: EdgeRecords,
  ): InputChannel {
    const { channelId } = channel;
    switch (channel.carrier) {
      case 'slot': {
        const pair = this.#pair(fence, channelId);
        pair.wakeConsumer = wake;
        return pair.input;
      }
      case 'process': {
        const { ring, ringPeer } = this.#ring(fence, channelId);
        return ringInputChannel({
          channelId,
          ring,
          codec: new LearnedCodec(records),
          ringProducer: ringPeer,
        });
      }
      case 'network':
        return networkInputChannel(this.#network(fence, channelId, wake, records));
    }
  }

  openOutput(
    channel: ChannelDescriptor,
    fence: ChannelFence,
    wake: () => void,
    records?: EdgeRecords,
  ): OutputChannel {
    const { channelId } = channel;
    switch (channel.carrier) {
      case 'slot': {
        const pair = this.#pair(fence, channelId);
        pair.wakeProducer = wake;
        return pair.output;
      }
      case 'process': {
        const { ring, ringPeer } = this.#ring(fence, channelId);
        const { epoch, attempt, exchange } = fence;
        return ringOutputChannel({
          channelId,
          ring,
          codec: new LearnedCodec(records),
          epoch,
          attempt,
          frameBytes: exchange.frameBytes,
          ringConsumer: ringPeer,
        });
      }
      case 'network':
        return networkOutputChannel(this.#network(fence, channelId, wake, records));
    }
  }

  inputBytes({ carrier, channelId }: ChannelDescriptor, fence: ChannelFence): number {
    switch (carrier) {
      case 'slot':
        return 0;
      case 'process':
        return this.#ring(fence, channelId).ring.byteLength;
      case 'network':
        return fence.windowFrames * fence.exchange.frameBytes;
    }
  }

  #pair(fence: ChannelFence, channelId: string): SlotPair {
    const key = `${fence.attempt}/${channelId}`;
    const half = this.#half.get(key);
    if (half !== undefined) {
      this.#half.delete(key);
      return half;
    }
    const pair: SlotPair = {
      wakeConsumer: () => {},
      wakeProducer: () => {},
      ...createSlotChannel({
        bound: fence.exchange.slotBatches,
        wakeConsumer: () => pair.wakeConsumer(),
        wakeProducer: () => pair.wakeProducer(),
      }),
    };
    this.#half.set(key, pair);
    return pair;
  }

  #ring(fence: ChannelFence, channelId: string): SharedRing {
    const shared = this.#options.ringOf(fence, channelId);
    if (shared === undefined) throw new InternalError(`channel ${channelId} came without its ring`);
    return shared;
  }

  #network(
    fence: ChannelFence,
    channelId: string,
    wake: () => void,
    records: EdgeRecords | undefined,
  ): NetworkChannelOptions {
    const { dataTransport, subjects, clock } = this.#options;
    assert(dataTransport !== undefined, 'a slot whose peers are in other processes has a data connection');
    const { jobId, epoch, attempt, exchange, windowFrames } = fence;
    const subject = subjects.data(jobId, epoch, attempt, channelId);
    return {
      channelId,
      transport: dataTransport,
      subject,
      epoch,
      attempt,
      clock,
      codec: new LearnedCodec(records),
      wake,
      windowFrames,
      frameBytes: exchange.frameBytes,
      compression: frameCompression(exchange.compression),
    };
  }
}
