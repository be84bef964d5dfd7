import { describe, expect, it } from 'vitest';
import { FRAME_BYTES_MAX } from '../../base/limits.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { SimulatedNetwork } from '../../transport/simulation/network.ts';
import type { ChannelElement } from './channel.ts';
import { MsgpackBatchCodec } from './codec/msgpack-codec.ts';
import { ChannelCorruptError, ChannelError } from './errors.ts';
import {
  COMPRESSION_MASK,
  FRAME_HEADER_BYTES,
  isIntact,
  markCompressed,
  readHeader,
  seal,
  writeHeader,
} from './frame.ts';
import { frameCompression } from './frame-compression.ts';
import type { CompressionCodec } from './frame-compression.ts';
import { networkInputChannel } from './network-input.ts';
import { networkOutputChannel } from './network-output.ts';

const SUBJECT = 'data.job.1.0.e0-0-0';
const CODECS = ['none', 'lz4', 'zstd', 'snappy'] as const;

/** A channel, and the frames on its subject. */
function openChannel(compression: CompressionCodec) {
  const clock = new SimulatedClock();
  const network = new SimulatedNetwork(clock, new SeededRandom(1), {});
  const frames: Uint8Array[] = [];
  network.connect('watcher').subscribe(SUBJECT, ({ payload }) => {
    if (readHeader(payload)?.kind === 'records') frames.push(new Uint8Array(payload));
  });
  const common = { channelId: 'e0-0-0', subject: SUBJECT, epoch: 1, attempt: 0, clock, wake: () => {} };
  const output = networkOutputChannel({
    ...common,
    codec: new MsgpackBatchCodec(),
    transport: network.connect('producer'),
    compression: frameCompression(compression),
  });
  const input = networkInputChannel({
    ...common,
    codec: new MsgpackBatchCodec(),
    transport: network.connect('consumer'),
  });
  return { clock, network, frames, input, output };
}

const records = (values: unknown[]): ChannelElement => ({
  kind: 'records',
  values,
  timestamps: values.map(() => 0),
});

/** A record frame whose payload claims to be made by compression `id`. */
function forged(id: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.byteLength);
  const numbers = { flags: 0, epoch: 1, attempt: 0, sequence: 0, count: 1, length: 0 };
  writeHeader(frame, { kind: 'records', ...numbers });
  markCompressed(frame, id, payload.byteLength);
  frame.set(payload, FRAME_HEADER_BYTES);
  seal(frame);
  return frame;
}

describe('compression on a network channel', () => {
  for (const codec of CODECS) {
    it(`when the producer uses ${codec}, then a consumer without a setting gets the same, checksums cover what was sent`, async () => {
      const { clock, frames, input, output } = openChannel(codec);
      await clock.runFor(10);
      const values = Array.from({ length: 300 }, (_, n) => ({ n, text: 'again and again '.repeat(20) }));
      expect(output.offer(records(values))).toBe(true);
      await clock.runFor(10);
      expect(input.poll()).toMatchObject({ kind: 'records', values });
      expect(input.bytesIn).toBe(output.bytesOut);
      const sent = frames.reduce((sum, frame) => sum + frame.byteLength, 0);
      if (codec === 'none') expect(sent).toBe(output.bytesOut);
      else expect(sent).toBeLessThan((output.bytesOut ?? 0) / 4);
      for (const frame of frames) {
        expect(isIntact(frame)).toBe(true);
        const marked = ((readHeader(frame)?.flags ?? 0) & COMPRESSION_MASK) !== 0;
        expect(marked).toBe(codec !== 'none');
      }
    });
  }

  it('when a payload would not become smaller, or is tiny, then it is sent as it is', async () => {
    for (const codec of ['lz4', 'zstd'] as const) {
      const { clock, frames, input, output } = openChannel(codec);
      await clock.runFor(10);
      const random = new SeededRandom(7);
      const noise = Uint8Array.from({ length: 50_000 }, () => Math.floor(random.next() * 256));
      output.offer(records([noise]));
      output.offer(records(['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']));
      await clock.runFor(10);
      expect(frames.map((frame) => (readHeader(frame)?.flags ?? 0) & COMPRESSION_MASK)).toEqual([0, 0]);
      expect([input.poll(), input.poll()]).toMatchObject([{ values: [noise] }, { kind: 'records' }]);
    }
  });

  it('when a record of several frames is compressed, then each frame is, and it arrives whole', async () => {
    const { clock, frames, input, output } = openChannel('zstd');
    await clock.runFor(10);
    const text = 'x'.repeat(FRAME_BYTES_MAX);
    output.offer(records([text]));
    await clock.runFor(10);
    expect(frames.length).toBeGreaterThan(3);
    expect(input.poll()).toMatchObject({ values: [text] });
  });

  it('when a payload is a bomb or garbage, then the channel fails with a retryable ChannelError, and stays failed', async () => {
    const zeros = Buffer.alloc(8 * FRAME_BYTES_MAX);
    for (const codec of ['lz4', 'zstd', 'snappy'] as const) {
      const compression = frameCompression(codec);
      if (compression === undefined) throw new Error(`${codec} compresses`);
      for (const payload of [compression.compress(zeros), Uint8Array.of(1, 2, 3), new Uint8Array(0)]) {
        const { clock, network, input } = openChannel('none');
        network.connect('forger').publish(SUBJECT, forged(compression.id, payload));
        await clock.runFor(10);
        expect(() => input.poll()).toThrow(ChannelCorruptError);
        const again = thrownBy(() => input.poll());
        expect(again).toBeInstanceOf(ChannelError);
        expect((again as ChannelError).retryable).toBe(true);
        expect((again as ChannelError).message).toContain('frame 0 cannot be decompressed');
      }
    }
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}
