import { MAX_RECORD_BYTES } from '../../base/limits.ts';
import type { BatchCodec } from './codec/batch-codec.ts';
import type { ChannelElement, ChannelQueue, InputChannel } from './channel.ts';
import { ChannelCorruptError } from './errors.ts';
import { FLAG_MORE, FRAME_HEADER_BYTES } from './frame.ts';
import type { FrameHeader } from './frame.ts';

export interface ReceivedFrame {
  readonly header: FrameHeader;
  /** Not compressed; valid until the next `next`. */
  readonly payload: Uint8Array;
}

/** What delivers frames in sequence, each once; throws a ChannelError where that cannot be kept. */
export interface FrameReceiver {
  next(): ReceivedFrame | undefined;
  /** Frames that wait. */
  waiting(): ChannelQueue;
  close(): void;
}

/** The receiving end of a serialized channel: frames into elements. */
export class FramedInputChannel implements InputChannel {
  bytesIn = 0;
  readonly #channel: string;
  readonly #receiver: FrameReceiver;
  readonly #codec: BatchCodec;
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;

  constructor(channel: string, receiver: FrameReceiver, codec: BatchCodec) {
    this.#channel = channel;
    this.#receiver = receiver;
    this.#codec = codec;
  }

  poll(): ChannelElement | undefined {
    for (let frame = this.#receiver.next(); frame !== undefined; frame = this.#receiver.next()) {
      this.bytesIn += FRAME_HEADER_BYTES + frame.payload.byteLength;
      const element = this.#element(frame.header, frame.payload);
      if (element !== undefined) return element;
    }
    return undefined;
  }

  waiting(): ChannelQueue {
    return this.#receiver.waiting();
  }

  close(): void {
    this.#chunks = [];
    this.#receiver.close();
  }

  #element(header: FrameHeader, payload: Uint8Array): ChannelElement | undefined {
    switch (header.kind) {
      case 'records':
        return this.#records(header, payload);
      case 'watermark':
        return { kind: 'watermark', timestamp: this.#number(payload, 0) };
      case 'watermark-status':
        return { kind: 'watermark-status', idle: this.#number(payload, 0) === 1 };
      case 'barrier':
        return {
          kind: 'barrier',
          checkpointId: this.#number(payload, 0),
          timestamp: this.#number(payload, 8),
          flags: this.#number(payload, 16),
          location: Buffer.from(payload.subarray(24)).toString('utf8'),
        };
      case 'end-of-data':
        return { kind: 'end-of-data' };
      case 'end':
        return { kind: 'end' };
      case 'keepalive':
      case 'credit':
        throw new ChannelCorruptError(this.#channel, `a ${header.kind} frame among those in sequence`);
    }
  }

  #records(header: FrameHeader, payload: Uint8Array): ChannelElement | undefined {
    if ((header.flags & FLAG_MORE) !== 0 || this.#chunks.length > 0) {
      this.#chunkBytes += payload.byteLength;
      if (this.#chunkBytes > MAX_RECORD_BYTES)
        throw new ChannelCorruptError(this.#channel, 'a record above the limit');
      this.#chunks.push(new Uint8Array(payload));
      if ((header.flags & FLAG_MORE) !== 0) return undefined;
      const whole = Buffer.concat(this.#chunks, this.#chunkBytes);
      this.#chunks = [];
      this.#chunkBytes = 0;
      return this.#decode(whole, header.count);
    }
    return this.#decode(payload, header.count);
  }

  #decode(payload: Uint8Array, count: number): ChannelElement {
    try {
      return this.#codec.decode(payload, count);
    } catch (cause) {
      throw new ChannelCorruptError(this.#channel, cause instanceof Error ? cause.message : String(cause));
    }
  }

  #number(payload: Uint8Array, at: number): number {
    if (payload.byteLength < at + 8)
      throw new ChannelCorruptError(this.#channel, 'an event without its content');
    return new DataView(payload.buffer, payload.byteOffset).getFloat64(at, true);
  }
}
