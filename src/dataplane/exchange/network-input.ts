import { assert } from '../../base/assert.ts';
import {
  CHANNEL_KEEPALIVE_MS,
  CHANNEL_SILENCE_MS,
  CREDIT_REPEAT_MS,
  FRAME_BYTES_MAX,
  NETWORK_CHANNEL_FRAMES,
} from '../../base/limits.ts';
import type { TimerHandle } from '../../ports/clock.ts';
import { TransportOverloadedError } from '../../ports/transport.ts';
import type { Subscription, TransportMessage } from '../../ports/transport.ts';
import type { ChannelQueue, InputChannel } from './channel.ts';
import {
  ChannelClosedError,
  ChannelCorruptError,
  ChannelError,
  ChannelGapError,
  ChannelSilentError,
} from './errors.ts';
import {
  COMPRESSION_MASK,
  COMPRESSION_SHIFT,
  FLAG_END_RECEIVED,
  FRAME_HEADER_BYTES,
  isIntact,
  readHeader,
  seal,
  writeHeader,
} from './frame.ts';
import type { FrameHeader } from './frame.ts';
import { frameCompressionOf } from './frame-compression.ts';
import { FramedInputChannel } from './framed-input.ts';
import type { FrameReceiver, ReceivedFrame } from './framed-input.ts';
import { creditSubject, SILENT_TICKS } from './network-output.ts';
import type { NetworkChannelOptions } from './network-output.ts';

/**
 * Receives frames in sequence: a gap or a damaged frame fails the channel, a frame seen before is dropped and counted.
 * Grants a window beyond what the task has consumed, and repeats the grant, since it may be lost.
 */
class NetworkReceiver implements FrameReceiver {
  readonly #options: NetworkChannelOptions;
  readonly #window: number;
  readonly #data: Subscription;
  /** Frames as received: what waits is not larger than what was sent. */
  readonly #queue: { readonly header: FrameHeader; readonly bytes: Uint8Array }[] = [];
  readonly #credit = new Uint8Array(FRAME_HEADER_BYTES);
  #expected = 0;
  #consumed = 0;
  #granted = 0;
  #heard = false;
  #ended = false;
  #closed = false;
  #silentTicks = 0;
  #failure: ChannelError | undefined;
  #creditTimer: TimerHandle;
  #silenceTimer: TimerHandle;

  constructor(options: NetworkChannelOptions) {
    this.#options = options;
    this.#window = options.windowFrames ?? NETWORK_CHANNEL_FRAMES;
    this.#data = options.transport.subscribe(options.subject, (message) => this.#onFrame(message));
    this.#creditTimer = options.clock.setTimeout(() => this.#repeatCredit(), CREDIT_REPEAT_MS);
    this.#silenceTimer = options.clock.setTimeout(() => this.#tick(), CHANNEL_KEEPALIVE_MS);
    void options.transport.closed.then((cause) =>
      this.#fail(new ChannelClosedError(options.channelId, { cause })),
    );
    this.#grant();
  }

  next(): ReceivedFrame | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const frame = this.#queue.shift();
    if (frame === undefined) return undefined;
    this.#consumed += 1;
    if (!this.#ended && this.#consumed + this.#window - this.#granted >= this.#window / 2) this.#grant();
    return { header: frame.header, payload: this.#payload(frame.header, frame.bytes) };
  }

  waiting(): ChannelQueue {
    let bytes = 0;
    for (const frame of this.#queue) bytes += frame.bytes.byteLength;
    const { length } = this.#queue;
    return { length, bytes, usage: Math.min(1, length / this.#window) };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    this.#data.close();
    this.#options.clock.clearTimeout(this.#creditTimer);
    this.#options.clock.clearTimeout(this.#silenceTimer);
  }

  #onFrame(message: TransportMessage): void {
    if (this.#failure !== undefined) return;
    const header = readHeader(message.payload);
    // Not a frame of ours: if it was one, the gap will show.
    if (
      header === undefined ||
      header.epoch !== this.#options.epoch ||
      header.attempt !== this.#options.attempt
    )
      return;
    if (!isIntact(message.payload)) {
      this.#fail(
        new ChannelCorruptError(
          this.#options.channelId,
          `checksum of frame ${header.sequence} does not match`,
        ),
      );
      return;
    }
    this.#heard = true;
    this.#silentTicks = 0;
    if (header.kind === 'keepalive') {
      if (header.sequence > this.#expected) this.#fail(this.#gap(header.sequence));
      else if (this.#ended) this.#grant();
      return;
    }
    this.#accept(header, message.payload);
  }

  #payload(header: FrameHeader, bytes: Uint8Array): Uint8Array {
    const payload = bytes.subarray(FRAME_HEADER_BYTES);
    const id = (header.flags & COMPRESSION_MASK) >> COMPRESSION_SHIFT;
    if (id === 0) return payload;
    try {
      const compression = frameCompressionOf(id);
      assert(compression !== undefined, 'all ids that fit the flags are in use');
      return compression.decompress(payload, FRAME_BYTES_MAX);
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      const error = new ChannelCorruptError(
        this.#options.channelId,
        `frame ${header.sequence} cannot be decompressed: ${what}`,
      );
      this.#failure ??= error;
      throw error;
    }
  }

  #accept(header: FrameHeader, bytes: Uint8Array): void {
    if (header.sequence < this.#expected) return;
    if (header.sequence > this.#expected) {
      this.#fail(this.#gap(header.sequence));
      return;
    }
    if (header.sequence >= this.#granted) {
      this.#fail(
        new ChannelError(
          `channel ${this.#options.channelId}: the producer sent frame ${header.sequence} without credit`,
        ),
      );
      return;
    }
    this.#expected += 1;
    this.#queue.push({ header, bytes });
    if (header.kind === 'end') {
      this.#ended = true;
      this.#grant();
    }
    this.#options.wake();
  }

  #gap(got: number): ChannelGapError {
    return new ChannelGapError(this.#options.channelId, this.#expected, got);
  }

  /** Lets the producer go on, or tells it that its end has come. */
  #grant(): void {
    this.#granted = this.#consumed + this.#window;
    const { epoch, attempt, subject, transport, channelId } = this.#options;
    writeHeader(this.#credit, {
      kind: 'credit',
      flags: this.#ended ? FLAG_END_RECEIVED : 0,
      epoch,
      attempt,
      sequence: this.#granted,
      count: 0,
      length: 0,
    });
    seal(this.#credit);
    try {
      transport.publish(creditSubject(subject), this.#credit);
    } catch (cause) {
      // It is repeated.
      if (cause instanceof TransportOverloadedError) return;
      this.#fail(new ChannelClosedError(channelId, { cause }));
    }
  }

  #repeatCredit(): void {
    if (this.#closed || this.#ended || this.#failure !== undefined) return;
    this.#grant();
    this.#creditTimer = this.#options.clock.setTimeout(() => this.#repeatCredit(), CREDIT_REPEAT_MS);
  }

  #tick(): void {
    if (this.#closed || this.#ended || this.#failure !== undefined) return;
    if (this.#heard) this.#silentTicks += 1;
    if (this.#silentTicks > SILENT_TICKS) {
      this.#fail(new ChannelSilentError(this.#options.channelId, 'producer', CHANNEL_SILENCE_MS));
      return;
    }
    this.#silenceTimer = this.#options.clock.setTimeout(() => this.#tick(), CHANNEL_KEEPALIVE_MS);
  }

  #fail(error: ChannelError): void {
    // After the last frame nothing that happens to the connection matters.
    if (this.#closed || this.#ended) return;
    this.#failure ??= error;
    this.#options.wake();
  }
}

/** Consumer's end of a channel between two processes. */
export function networkInputChannel(options: NetworkChannelOptions): InputChannel {
  return new FramedInputChannel(options.channelId, new NetworkReceiver(options), options.codec);
}
