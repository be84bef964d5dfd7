import {
  CHANNEL_KEEPALIVE_MS,
  CHANNEL_SILENCE_MS,
  COMPRESSION_MIN_BYTES,
  MAX_FRAME_BYTES,
  TRANSPORT_RETRY_MS,
} from '../../base/limits.ts';
import type { Clock, TimerHandle } from '../../ports/clock.ts';
import { TransportOverloadedError } from '../../ports/transport.ts';
import type { Subscription, Transport, TransportMessage } from '../../ports/transport.ts';
import type { BatchCodec } from './codec/batch-codec.ts';
import type { OutputChannel } from './channel.ts';
import { ChannelClosedError, ChannelSilentError } from './errors.ts';
import type { ChannelError } from './errors.ts';
import {
  FLAG_END_RECEIVED,
  FRAME_HEADER_BYTES,
  isIntact,
  markCompressed,
  readHeader,
  seal,
  writeHeader,
} from './frame.ts';
import type { FrameCompression } from './frame-compression.ts';
import { FramedOutputChannel } from './framed-output.ts';
import type { FrameSender } from './framed-output.ts';

/** Both ends of a network channel take these; they agree on all but `wake`. */
export interface NetworkChannelOptions {
  readonly channelId: string;
  readonly transport: Transport;
  /** Carries data; credits come back on `<subject>.credit`. */
  readonly subject: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly clock: Clock;
  readonly codec: BatchCodec;
  /** The task at this end may go on. */
  readonly wake: () => void;
  /** Frames in flight; the consumer's value counts. Keep the sum over a connection far below the server's pending limit. */
  readonly windowFrames?: number;
  /** Largest frame that this producer makes; default MAX_FRAME_BYTES, the transport's limit at most. */
  readonly frameBytes?: number;
  /** Makes payloads of this producer smaller; the consumer reads all kinds. Default: nothing does. */
  readonly compression?: FrameCompression | undefined;
}

export function creditSubject(subject: string): string {
  return `${subject}.credit`;
}

/** Ticks without a sign of life after which a channel has failed; our own stalls count one tick, however long. */
export const SILENT_TICKS = Math.ceil(CHANNEL_SILENCE_MS / CHANNEL_KEEPALIVE_MS);

/**
 * Sends frames in the window that the consumer granted, and nothing before its first grant: so it does not matter which
 * end starts first. Grants are absolute ("frames below N"): lost, repeated or late ones do no harm.
 */
class NetworkSender implements FrameSender {
  readonly #options: NetworkChannelOptions;
  readonly #credits: Subscription;
  #granted: number | undefined;
  #sequence = 0;
  #ended = false;
  /** The consumer has told that it got the end. */
  #endReceived = false;
  #closed = false;
  #released = false;
  #failure: ChannelError | undefined;
  #silentTicks = 0;
  #sentSinceTick = false;
  #timer: TimerHandle;
  /** Runs while the transport has more under way than it takes; nothing is sent meanwhile. */
  #overload: TimerHandle | undefined;
  #scratch = new Uint8Array(64 * 1024);

  constructor(options: NetworkChannelOptions) {
    this.#options = options;
    this.#credits = options.transport.subscribe(creditSubject(options.subject), (message) =>
      this.#onCredit(message),
    );
    this.#timer = options.clock.setTimeout(() => this.#tick(), CHANNEL_KEEPALIVE_MS);
    void options.transport.closed.then((cause) =>
      this.#fail(new ChannelClosedError(options.channelId, { cause })),
    );
  }

  trySend(header: Uint8Array, payload: Uint8Array): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.capacity === 0) return false;
    const frame = this.#frame(header, payload);
    seal(frame);
    if (!this.#publish(frame)) return false;
    this.#ended = readHeader(frame)?.kind === 'end';
    this.#sequence += 1;
    this.#sentSinceTick = true;
    return true;
  }

  get capacity(): number {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#granted === undefined || this.#overload !== undefined) return 0;
    return Math.max(0, this.#granted - this.#sequence);
  }

  flush(): void {}

  /**
   * After the end was sent, goes on telling how far it came until the consumer has got the end or is silent: a lost end
   * would otherwise leave a consumer that heard nothing else waiting for ever.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#ended || this.#endReceived || this.#failure !== undefined) this.#release();
  }

  #release(): void {
    this.#released = true;
    this.#credits.close();
    this.#options.clock.clearTimeout(this.#timer);
    if (this.#overload !== undefined) this.#options.clock.clearTimeout(this.#overload);
  }

  /** Both parts in one piece, with the payload made smaller where that helps. */
  #frame(header: Uint8Array, payload: Uint8Array): Uint8Array {
    const { compression } = this.#options;
    const tried = payload.byteLength >= COMPRESSION_MIN_BYTES ? compression?.compress(payload) : undefined;
    const smaller = tried !== undefined && tried.byteLength < payload.byteLength;
    const sent = smaller ? tried : payload;
    const size = header.byteLength + sent.byteLength;
    if (this.#scratch.byteLength < size) this.#scratch = new Uint8Array(size * 2);
    this.#scratch.set(header, 0);
    this.#scratch.set(sent, header.byteLength);
    const frame = this.#scratch.subarray(0, size);
    if (smaller && compression !== undefined) markCompressed(frame, compression.id, sent.byteLength);
    return frame;
  }

  /** False when the transport cannot take it now. */
  #publish(frame: Uint8Array): boolean {
    try {
      this.#options.transport.publish(this.#options.subject, frame);
      return true;
    } catch (cause) {
      if (cause instanceof TransportOverloadedError) {
        this.#waitForTransport();
        return false;
      }
      const error = new ChannelClosedError(this.#options.channelId, { cause });
      this.#fail(error);
      throw error;
    }
  }

  #waitForTransport(): void {
    const retry = (): void => {
      this.#overload = undefined;
      this.#options.wake();
    };
    this.#overload ??= this.#options.clock.setTimeout(retry, TRANSPORT_RETRY_MS);
  }

  #onCredit(message: TransportMessage): void {
    const header = readHeader(message.payload);
    // A foreign or damaged message is no sign of life; a lost grant is repeated.
    if (header?.kind !== 'credit' || !isIntact(message.payload)) return;
    if (header.epoch !== this.#options.epoch || header.attempt !== this.#options.attempt) return;
    this.#silentTicks = 0;
    if (header.flags === FLAG_END_RECEIVED) {
      this.#endReceived = true;
      if (this.#closed) this.#release();
      return;
    }
    const first = this.#granted === undefined;
    if (this.#granted !== undefined && header.sequence <= this.#granted) return;
    this.#granted = header.sequence;
    if (first) this.#keepalive();
    this.#options.wake();
  }

  #tick(): void {
    if (this.#released || this.#failure !== undefined) return;
    this.#timer = this.#options.clock.setTimeout(() => this.#tick(), CHANNEL_KEEPALIVE_MS);
    if (this.#granted === undefined) return;
    // The consumer may be gone once it has read the end.
    if (!this.#ended || this.#closed) this.#silentTicks += 1;
    if (this.#silentTicks > SILENT_TICKS) {
      this.#fail(new ChannelSilentError(this.#options.channelId, 'consumer', CHANNEL_SILENCE_MS));
    } else if (!this.#sentSinceTick) this.#keepalive();
    this.#sentSinceTick = false;
  }

  /** Repeats the sequence reached, so that the loss of the last frames shows. */
  #keepalive(): void {
    const frame = new Uint8Array(FRAME_HEADER_BYTES);
    const { epoch, attempt } = this.#options;
    writeHeader(frame, {
      kind: 'keepalive',
      flags: 0,
      epoch,
      attempt,
      sequence: this.#sequence,
      count: 0,
      length: 0,
    });
    seal(frame);
    try {
      this.#options.transport.publish(this.#options.subject, frame);
    } catch (cause) {
      // It is repeated.
      if (cause instanceof TransportOverloadedError) return;
      this.#fail(new ChannelClosedError(this.#options.channelId, { cause }));
    }
  }

  #fail(error: ChannelError): void {
    if (this.#closed) return this.#release();
    this.#failure ??= error;
    this.#options.wake();
  }
}

/** Producer's end of a channel between two processes. */
export function networkOutputChannel(options: NetworkChannelOptions): OutputChannel {
  return new FramedOutputChannel({
    sender: new NetworkSender(options),
    codec: options.codec,
    epoch: options.epoch,
    attempt: options.attempt,
    maxFrameBytes: Math.min(options.frameBytes ?? MAX_FRAME_BYTES, options.transport.maxPayload),
  });
}
