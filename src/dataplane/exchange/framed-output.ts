import { FRAME_BYTES_MAX, MAX_FRAME_BYTES, MAX_RECORD_BYTES } from '../../base/limits.ts';
import type { BatchCodec } from './codec/batch-codec.ts';
import type { ChannelElement, ChannelEvent, OutputChannel, RecordBatch } from './channel.ts';
import { RecordTooLargeError } from './errors.ts';
import { FLAG_MORE, FRAME_HEADER_BYTES, writeHeader } from './frame.ts';
import type { FrameKind } from './frame.ts';

/** What carries frames: a ring, a network subject. */
export interface FrameSender {
  /** Sends one frame, copying it; false when there is no room now. Throws a ChannelError when the channel is broken. */
  trySend(header: Uint8Array, payload: Uint8Array): boolean;
  /** Frames that may be sent now. */
  readonly capacity: number;
  /** Makes everything sent visible to the consumer. */
  flush(): void;
  close(): void;
}

export interface FramedOutputOptions {
  readonly sender: FrameSender;
  readonly codec: BatchCodec;
  readonly epoch: number;
  readonly attempt: number;
  /** Largest frame with its header; records above it are cut into several frames. */
  readonly maxFrameBytes?: number;
}

interface Frame {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** The sending end of a serialized channel: elements into numbered frames. What is taken but has no room yet waits here. */
export class FramedOutputChannel implements OutputChannel {
  bytesOut = 0;
  readonly #sender: FrameSender;
  readonly #codec: BatchCodec;
  readonly #epoch: number;
  readonly #attempt: number;
  readonly #maxPayload: number;
  /** The rest of one element at most; later elements are refused until it is gone. */
  readonly #backlog: Frame[] = [];
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #sequence = 0;
  /** Records that fill about half a frame, from the sizes seen. */
  #recordsPerFrame = Number.POSITIVE_INFINITY;

  constructor(options: FramedOutputOptions) {
    this.#sender = options.sender;
    this.#codec = options.codec;
    this.#epoch = options.epoch;
    this.#attempt = options.attempt;
    this.#maxPayload =
      Math.min(options.maxFrameBytes ?? MAX_FRAME_BYTES, FRAME_BYTES_MAX) - FRAME_HEADER_BYTES;
  }

  get capacity(): number {
    return this.#backlog.length > 0 ? 0 : this.#sender.capacity;
  }

  get unsent(): number {
    return this.#backlog.length;
  }

  get unsentBytes(): number {
    let bytes = 0;
    for (const { header, payload } of this.#backlog) bytes += header.byteLength + payload.byteLength;
    return bytes;
  }

  get mistyped(): number {
    return this.#codec.mistyped ?? 0;
  }

  offer(element: ChannelElement): boolean {
    if (!this.#drain() || this.#sender.capacity <= 0) return false;
    if (element.kind === 'records') this.#sendBatch(element);
    else this.#send(element.kind, 0, eventPayload(element), 0);
    return true;
  }

  flush(): void {
    this.#drain();
    this.#sender.flush();
  }

  close(): void {
    this.#backlog.length = 0;
    this.#sender.close();
  }

  #drain(): boolean {
    for (let frame = this.#backlog[0]; frame !== undefined; frame = this.#backlog[0]) {
      if (!this.#sender.trySend(frame.header, frame.payload)) return false;
      this.#backlog.shift();
    }
    return true;
  }

  #sendBatch(batch: RecordBatch): void {
    const count = batch.values.length;
    for (let from = 0; from < count;) {
      const to = Math.min(count, from + this.#recordsPerFrame);
      from = this.#sendRun(batch, from, to);
    }
  }

  /** Sends records from `from`, up to `to` or fewer if they do not fit a frame; returns where the next run begins. */
  #sendRun(batch: RecordBatch, from: number, to: number): number {
    const target = this.#maxPayload >> 1;
    let { payload, end } = this.#codec.encode(batch, from, to, target);
    while (payload.byteLength > this.#maxPayload && end - from > 1)
      ({ payload, end } = this.#codec.encode(batch, from, from + ((end - from) >> 1), target));
    const count = end - from;
    this.#recordsPerFrame = Math.max(1, Math.floor((this.#maxPayload * count) / (2 * payload.byteLength)));
    if (payload.byteLength > MAX_RECORD_BYTES)
      throw new RecordTooLargeError(payload.byteLength, MAX_RECORD_BYTES);
    for (let at = 0; at < payload.byteLength; at += this.#maxPayload) {
      const more = at + this.#maxPayload < payload.byteLength;
      this.#send('records', more ? FLAG_MORE : 0, payload.subarray(at, at + this.#maxPayload), count);
    }
    return end;
  }

  #send(kind: FrameKind, flags: number, payload: Uint8Array, count: number): void {
    writeHeader(this.#header, {
      kind,
      flags,
      epoch: this.#epoch,
      attempt: this.#attempt,
      sequence: this.#sequence,
      count,
      length: payload.byteLength,
    });
    this.#sequence += 1;
    this.bytesOut += FRAME_HEADER_BYTES + payload.byteLength;
    if (this.#backlog.length === 0 && this.#sender.trySend(this.#header, payload)) return;
    this.#backlog.push({ header: new Uint8Array(this.#header), payload: new Uint8Array(payload) });
  }
}

function eventPayload(event: ChannelEvent): Uint8Array {
  switch (event.kind) {
    case 'watermark':
      return numbers(event.timestamp);
    case 'watermark-status':
      return numbers(event.idle ? 1 : 0);
    case 'barrier':
      return Buffer.concat([
        numbers(event.checkpointId, event.timestamp, event.flags),
        Buffer.from(event.location, 'utf8'),
      ]);
    case 'end-of-data':
    case 'end':
      return NOTHING;
  }
}

function numbers(...values: number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer);
}
