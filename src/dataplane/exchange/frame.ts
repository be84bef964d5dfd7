import { crc32 } from 'node:zlib';

/**
 * The frame of all serialized carriers, little endian:
 * magic u8, version u8, kind u8, flags u8, epoch u32, attempt u32, sequence f64, count u32, length u32, checksum u32, payload.
 * The checksum (crc32 of header and payload) is used on the network only, 0 elsewhere.
 */
export const FRAME_HEADER_BYTES = 32;
const MAGIC = 0x4d;
const VERSION = 1;
const CHECKSUM_AT = 28;
/** The record of this frame goes on in the next one. */
export const FLAG_MORE = 1;
/** Of a credit: the end has arrived, nothing more is needed. */
export const FLAG_END_RECEIVED = 1;
/** What made the payload smaller, 0 for nothing: see `frameCompressionOf`. */
export const COMPRESSION_SHIFT = 1;
export const COMPRESSION_MASK = 3 << COMPRESSION_SHIFT;
const FLAGS_AT = 3;
const LENGTH_AT = 24;

export type FrameKind =
  | 'records'
  | 'watermark'
  | 'watermark-status'
  | 'barrier'
  | 'end'
  | 'keepalive'
  | 'credit'
  | 'end-of-data';

const KINDS: readonly FrameKind[] = [
  'records',
  'watermark',
  'watermark-status',
  'barrier',
  'end',
  'keepalive',
  'credit',
  'end-of-data',
];

export interface FrameHeader {
  readonly kind: FrameKind;
  readonly flags: number;
  readonly epoch: number;
  readonly attempt: number;
  /**
   * Number of this frame in its channel, from 0. Of a keepalive: that of the frame to come. Of a credit: frames below it
   * may be sent.
   */
  readonly sequence: number;
  /** Records in the payload. */
  readonly count: number;
  /** Bytes of the payload as sent. */
  readonly length: number;
}

/** Writes the header, with checksum 0. */
export function writeHeader(target: Uint8Array, header: FrameHeader): void {
  const view = new DataView(target.buffer, target.byteOffset, FRAME_HEADER_BYTES);
  view.setUint8(0, MAGIC);
  view.setUint8(1, VERSION);
  view.setUint8(2, KINDS.indexOf(header.kind));
  view.setUint8(FLAGS_AT, header.flags);
  view.setUint32(4, header.epoch, true);
  view.setUint32(8, header.attempt, true);
  view.setFloat64(12, header.sequence, true);
  view.setUint32(20, header.count, true);
  view.setUint32(LENGTH_AT, header.length, true);
  view.setUint32(CHECKSUM_AT, 0, true);
}

/** Changes a written header: its payload was made smaller by the compression `id`, to `length` bytes. */
export function markCompressed(target: Uint8Array, id: number, length: number): void {
  target[FLAGS_AT] = (target[FLAGS_AT] ?? 0) | (id << COMPRESSION_SHIFT);
  new DataView(target.buffer, target.byteOffset, FRAME_HEADER_BYTES).setUint32(LENGTH_AT, length, true);
}

/** The header of a frame; undefined when the bytes are no frame of this version. */
export function readHeader(frame: Uint8Array): FrameHeader | undefined {
  if (frame.byteLength < FRAME_HEADER_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, FRAME_HEADER_BYTES);
  const kind = KINDS[view.getUint8(2)];
  const length = view.getUint32(LENGTH_AT, true);
  if (view.getUint8(0) !== MAGIC || view.getUint8(1) !== VERSION || kind === undefined) return undefined;
  if (length !== frame.byteLength - FRAME_HEADER_BYTES) return undefined;
  return {
    kind,
    flags: view.getUint8(FLAGS_AT),
    epoch: view.getUint32(4, true),
    attempt: view.getUint32(8, true),
    sequence: view.getFloat64(12, true),
    count: view.getUint32(20, true),
    length,
  };
}

/** Sets the checksum of a whole frame: it covers the bytes that are sent, compressed or not. */
export function seal(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, FRAME_HEADER_BYTES);
  view.setUint32(CHECKSUM_AT, 0, true);
  view.setUint32(CHECKSUM_AT, crc32(frame), true);
}

/** Whether the checksum of a sealed frame holds. */
export function isIntact(frame: Uint8Array): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, FRAME_HEADER_BYTES);
  const expected = view.getUint32(CHECKSUM_AT, true);
  const head = new Uint8Array(frame.subarray(0, FRAME_HEADER_BYTES));
  head.fill(0, CHECKSUM_AT);
  return crc32(frame.subarray(FRAME_HEADER_BYTES), crc32(head)) === expected;
}
