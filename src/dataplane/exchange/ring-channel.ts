import { MAX_FRAME_BYTES } from '../../base/limits.ts';
import type { BatchCodec } from './codec/batch-codec.ts';
import type { ChannelQueue, InputChannel, OutputChannel } from './channel.ts';
import { ChannelCorruptError, ChannelGapError } from './errors.ts';
import { FRAME_HEADER_BYTES, readHeader } from './frame.ts';
import { FramedInputChannel } from './framed-input.ts';
import type { FrameReceiver, ReceivedFrame } from './framed-input.ts';
import { FramedOutputChannel } from './framed-output.ts';
import type { FrameSender } from './framed-output.ts';
import { RingReader, RingWriter } from './ring.ts';

export interface RingOutputOptions {
  readonly channelId: string;
  readonly ring: SharedArrayBuffer;
  readonly codec: BatchCodec;
  readonly epoch: number;
  readonly attempt: number;
  /** Largest frame; default MAX_FRAME_BYTES, half of the ring at most. */
  readonly frameBytes?: number;
  /** Wakes the consumer's loop: its doorbell. */
  readonly ringConsumer: () => void;
}

export interface RingInputOptions {
  readonly channelId: string;
  readonly ring: SharedArrayBuffer;
  readonly codec: BatchCodec;
  /** Wakes the producer's loop: its doorbell. */
  readonly ringProducer: () => void;
}

class RingSender implements FrameSender {
  readonly #writer: RingWriter;

  constructor(writer: RingWriter) {
    this.#writer = writer;
  }

  trySend(header: Uint8Array, payload: Uint8Array): boolean {
    return this.#writer.tryWrite(header, payload);
  }

  get capacity(): number {
    return this.#writer.fits(this.#writer.maxMessageBytes) ? 1 : 0;
  }

  flush(): void {
    this.#writer.publish();
  }

  close(): void {
    this.#writer.publish();
  }
}

class RingReceiver implements FrameReceiver {
  readonly #channel: string;
  readonly #reader: RingReader;
  #expected = 0;

  constructor(channel: string, reader: RingReader) {
    this.#channel = channel;
    this.#reader = reader;
  }

  next(): ReceivedFrame | undefined {
    const bytes = this.#reader.read();
    if (bytes === undefined) return undefined;
    const header = readHeader(bytes);
    if (header === undefined) throw new ChannelCorruptError(this.#channel, 'not a frame');
    if (header.sequence !== this.#expected)
      throw new ChannelGapError(this.#channel, this.#expected, header.sequence);
    this.#expected += 1;
    return { header, payload: bytes.subarray(FRAME_HEADER_BYTES) };
  }

  waiting(): ChannelQueue {
    return this.#reader.waiting();
  }

  close(): void {}
}

/** Producer's end of a channel between two threads of one process. */
export function ringOutputChannel(options: RingOutputOptions): OutputChannel {
  const writer = new RingWriter(options.ring, options.ringConsumer);
  return new FramedOutputChannel({
    sender: new RingSender(writer),
    codec: options.codec,
    epoch: options.epoch,
    attempt: options.attempt,
    maxFrameBytes: Math.min(options.frameBytes ?? MAX_FRAME_BYTES, writer.maxMessageBytes),
  });
}

/** Consumer's end of a channel between two threads of one process. */
export function ringInputChannel(options: RingInputOptions): InputChannel {
  const reader = new RingReader(options.ring, options.ringProducer);
  return new FramedInputChannel(
    options.channelId,
    new RingReceiver(options.channelId, reader),
    options.codec,
  );
}
