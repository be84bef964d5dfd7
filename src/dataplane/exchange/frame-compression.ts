import { createRequire } from 'node:module';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type * as Lz4 from 'lz4-napi';
import type * as Snappy from 'snappy';
import { assert } from '../../base/assert.ts';

/** How payloads on the network are made smaller. */
export type CompressionCodec = 'none' | 'lz4' | 'zstd' | 'snappy';

/** Makes one payload smaller and back. Neither call keeps its argument. */
export interface FrameCompression {
  /** Goes with each frame, so that the consumer needs no setting; 1 to 3. */
  readonly id: number;
  compress(payload: Uint8Array): Uint8Array;
  /** Throws when the bytes are damaged, or would become more than `maxBytes`: before that much was allocated. */
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array;
}

/** Platforms without a binary of these libraries do without them until they are asked for. */
const load = createRequire(import.meta.url);

/** LZ4 block with its length in front, u32 little endian. */
function lz4(): FrameCompression {
  const { compressSync, uncompressSync } = load('lz4-napi') as typeof Lz4;
  return {
    id: 1,
    compress: (payload) => compressSync(asBuffer(payload)),
    decompress: (bytes, maxBytes) => {
      if (bytes.byteLength < 4) throw new Error('an LZ4 block without its length');
      refuseAbove(maxBytes, new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
      return uncompressSync(bytes);
    },
  };
}

/** Level 1: on records about as small as higher ones make them, at half the time. */
const ZSTD_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

function zstd(): FrameCompression {
  return {
    id: 2,
    compress: (payload) => zstdCompressSync(payload, ZSTD_OPTIONS),
    decompress: (bytes, maxBytes) => zstdDecompressSync(bytes, { maxOutputLength: maxBytes }),
  };
}

/** Snappy's raw format: its length in front, as a varint. */
function snappy(): FrameCompression {
  const { compressSync, uncompressSync } = load('snappy') as typeof Snappy;
  return {
    id: 3,
    compress: (payload) => compressSync(payload),
    decompress: (bytes, maxBytes) => {
      refuseAbove(maxBytes, varint(bytes));
      const payload = uncompressSync(bytes);
      assert(typeof payload !== 'string', 'snappy gives bytes unless asked for text');
      return payload;
    },
  };
}

const FACTORIES = { lz4, zstd, snappy } as const;
const BY_ID = [undefined, lz4, zstd, snappy] as const;
const made = new Map<() => FrameCompression, FrameCompression>();

/** What makes payloads smaller under this setting; undefined for `none`. */
export function frameCompression(codec: CompressionCodec): FrameCompression | undefined {
  return codec === 'none' ? undefined : once(FACTORIES[codec]);
}

/** What made a received payload smaller; undefined when there is no such thing. */
export function frameCompressionOf(id: number): FrameCompression | undefined {
  const factory = BY_ID[id];
  return factory === undefined ? undefined : once(factory);
}

/** Each is made when it is first needed. */
function once(factory: () => FrameCompression): FrameCompression {
  const known = made.get(factory);
  if (known !== undefined) return known;
  const compression = factory();
  made.set(factory, compression);
  return compression;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refuseAbove(maxBytes: number, declared: number): void {
  if (declared > maxBytes) throw new Error(`${declared} bytes where ${maxBytes} are allowed`);
}

/** Little-endian base-128 number of 32 bits at the beginning. */
function varint(bytes: Uint8Array): number {
  let value = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return value;
  }
  return value;
}
