import { deflateRawSync, zstdCompressSync } from 'node:zlib';
import { compressSync as lz4Compress } from 'lz4-napi';
import { compressSync as snappyCompress } from 'snappy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAME_BYTES_MAX } from '../../base/limits.ts';
import { frameCompression, frameCompressionOf } from './frame-compression.ts';
import type { FrameCompression } from './frame-compression.ts';

const CODECS = ['lz4', 'zstd', 'snappy'] as const;

function compressionOf(codec: (typeof CODECS)[number]): FrameCompression {
  const compression = frameCompression(codec);
  if (compression === undefined) throw new Error(`${codec} compresses`);
  return compression;
}

/** Noise, runs and repeated pieces, up to some frames' worth. */
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 5_000 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 2_000 }))
    .map(([piece, times]) => new Uint8Array(Buffer.concat(Array.from({ length: times }, () => piece)))),
  fc.integer({ min: 0, max: FRAME_BYTES_MAX }).map((length) => new Uint8Array(length)),
);

/** Bytes that come out; undefined when decompressing fails. */
function lengthOf(compression: FrameCompression, bytes: Uint8Array): number | undefined {
  try {
    return compression.decompress(bytes, FRAME_BYTES_MAX).byteLength;
  } catch {
    return undefined;
  }
}

describe('frame compression', () => {
  it('when a payload is compressed and decompressed, also from the middle of a buffer, then it is the same', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CODECS), payloads, fc.nat(9), (codec, payload, offset) => {
        const held = new Uint8Array(payload.byteLength + offset + 3);
        held.set(payload, offset);
        const view = held.subarray(offset, offset + payload.byteLength);
        const compression = compressionOf(codec);
        const bytes = compression.compress(view);
        const received = new Uint8Array(bytes.byteLength + offset);
        received.set(bytes, offset);
        const back = compression.decompress(received.subarray(offset), FRAME_BYTES_MAX);
        expect(Buffer.compare(back, payload)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('when a codec is named or numbered, then both lead to the same; none compresses nothing', () => {
    const ids = CODECS.map((codec) => compressionOf(codec).id);
    expect(ids).toEqual([1, 2, 3]);
    for (const codec of CODECS)
      expect(frameCompressionOf(compressionOf(codec).id)).toBe(compressionOf(codec));
    expect([frameCompression('none'), frameCompressionOf(0), frameCompressionOf(4)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('when few bytes stand for very many, then decompressing is refused', () => {
    const zeros = Buffer.alloc(256 * 1024 * 1024);
    const bombs = { lz4: lz4Compress(zeros), zstd: zstdCompressSync(zeros), snappy: snappyCompress(zeros) };
    for (const codec of CODECS) {
      const before = process.memoryUsage().rss;
      expect(lengthOf(compressionOf(codec), bombs[codec])).toBeUndefined();
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    }
  });

  it('when a length lies, then decompressing fails', () => {
    const honest = lz4Compress(Buffer.alloc(100_000));
    const lying = Buffer.from(honest);
    lying.writeUInt32LE(10, 0);
    expect(lengthOf(compressionOf('lz4'), lying)).toBeUndefined();
    const snappyLying = Buffer.concat([Uint8Array.of(10), snappyCompress(Buffer.alloc(100_000)).subarray(3)]);
    expect(lengthOf(compressionOf('snappy'), snappyLying)).toBeUndefined();
    expect(lengthOf(compressionOf('snappy'), Buffer.alloc(8, 0xff))).toBeUndefined();
  });

  it('when bytes are foreign or damaged, then decompressing fails or gives bounded bytes, and nothing else happens', () => {
    const random = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      payloads.map((payload) => new Uint8Array(deflateRawSync(payload))),
      fc
        .tuple(fc.constantFrom(...CODECS), payloads, fc.nat(), fc.nat(255))
        .map(([codec, payload, at, byte]) => {
          const bytes = new Uint8Array(compressionOf(codec).compress(payload));
          if (bytes.byteLength > 0) bytes[at % bytes.byteLength] = byte;
          return bytes;
        }),
    );
    let failed = 0;
    fc.assert(
      fc.property(fc.constantFrom(...CODECS), random, (codec, bytes) => {
        const length = lengthOf(compressionOf(codec), bytes);
        if (length === undefined) failed += 1;
        else expect(length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
      }),
      { numRuns: 300 },
    );
    expect(failed).toBeGreaterThan(50);
  });
});
