import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelElement } from './channel.ts';
import { createDoorbell, Doorbell } from './doorbell.ts';
import { MsgpackBatchCodec } from './codec/msgpack-codec.ts';
import { ringInputChannel, ringOutputChannel } from './ring-channel.ts';
import { createRing, RingReader, RingWriter } from './ring.ts';

const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);
const nothing = (): void => {};

describe('ring', () => {
  it('when messages of random sizes are written and read in random order, then all arrive in order and unchanged', () => {
    const step = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 40 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const ring = createRing(4096);
        const writer = new RingWriter(ring, nothing);
        const reader = new RingReader(ring, nothing);
        const sent: Uint8Array[] = [];
        let received = 0;
        const read = (): boolean => {
          const message = reader.read();
          if (message === undefined) return false;
          expect(Buffer.compare(message, sent[received] as Uint8Array)).toBe(0);
          received += 1;
          return true;
        };
        for (const [write, length, head] of steps) {
          const message = bytes(length, sent.length);
          const split = Math.min(head, length);
          const waiting = sent.slice(received).map((one) => (8 + one.byteLength + 7) & ~7);
          const inUse = waiting.reduce((sum, one) => sum + one, 0);
          expect(reader.waiting()).toEqual({ length: waiting.length, bytes: inUse, usage: inUse / 4096 });
          if (!write) read();
          else if (writer.tryWrite(message.subarray(0, split), message.subarray(split))) {
            sent.push(message);
            writer.publish();
          }
        }
        while (read());
        expect(received).toBe(sent.length);
      }),
    );
  });

  it('when positions pass 2^32, then nothing is lost', () => {
    const ring = createRing(4096);
    const control = new Int32Array(ring);
    control[0] = -4096;
    control[16] = -4096;
    const writer = new RingWriter(ring, nothing);
    const reader = new RingReader(ring, nothing);
    for (let round = 0; round < 20; round += 1) {
      expect(writer.tryWrite(bytes(900, round), bytes(0, 0))).toBe(true);
      writer.publish();
      expect(Buffer.compare(reader.read() as Uint8Array, bytes(900, round))).toBe(0);
    }
  });

  it('when the ring is full, then writing is refused, and the producer is woken once there is room', () => {
    let woken = 0;
    const ring = createRing(4096);
    const writer = new RingWriter(ring, nothing);
    const reader = new RingReader(ring, () => (woken += 1));
    let written = 0;
    while (writer.tryWrite(bytes(500, 0), bytes(0, 0))) written += 1;
    expect(written).toBe(8);
    reader.read();
    reader.read();
    expect([woken, writer.tryWrite(bytes(500, 0), bytes(0, 0))]).toEqual([1, true]);
  });

  it('when nothing was published, then the reader sees nothing', () => {
    const ring = createRing(4096);
    const writer = new RingWriter(ring, nothing);
    writer.tryWrite(bytes(10, 0), bytes(0, 0));
    const reader = new RingReader(ring, nothing);
    expect(reader.read()).toBeUndefined();
    writer.publish();
    expect(reader.read()?.byteLength).toBe(10);
  });
});

describe('ring channel', () => {
  const channel = (size: number) => {
    const ring = createRing(size);
    const output = ringOutputChannel({
      channelId: 'e0-0-0',
      ring,
      codec: new MsgpackBatchCodec(),
      epoch: 1,
      attempt: 0,
      ringConsumer: nothing,
    });
    const input = ringInputChannel({
      channelId: 'e0-0-0',
      ring,
      codec: new MsgpackBatchCodec(),
      ringProducer: nothing,
    });
    return { output, input };
  };

  it('when elements of any size pass, records larger than the ring too, then the same come out in order', () => {
    const element = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 20 }),
      },
      { weight: 1, arbitrary: fc.integer() },
    );
    fc.assert(
      fc.property(fc.array(element, { maxLength: 30 }), (elements) => {
        const { output, input } = channel(4096);
        const toSend: ChannelElement[] = elements.map((sizes) =>
          typeof sizes === 'number'
            ? { kind: 'watermark', timestamp: sizes }
            : {
                kind: 'records',
                values: sizes.map((size) => ({ text: 'x'.repeat(size) })),
                timestamps: sizes.map((size) => size),
              },
        );
        toSend.push({ kind: 'watermark-status', idle: true }, { kind: 'end' });
        const expected = flatten(toSend);
        const got: ChannelElement[] = [];
        let refused = 0;
        while (toSend.length > 0 || (output.unsent ?? 0) > 0) {
          const [next] = toSend;
          if (next !== undefined && output.offer(next)) toSend.shift();
          else refused += 1;
          output.flush();
          if (refused % 3 === 0 || toSend.length === 0) {
            const received = input.poll();
            if (received !== undefined) got.push(received);
          }
        }
        for (let received = input.poll(); received !== undefined; received = input.poll()) got.push(received);
        expect(flatten(got)).toEqual(expected);
        expect(input.bytesIn).toBe(output.bytesOut);
      }),
    );
  });

  it('when the consumer reads nothing, then the producer holds at most one element beside the ring', () => {
    const { output } = channel(8192);
    let taken = 0;
    const batch = (): ChannelElement => ({ kind: 'records', values: ['x'.repeat(1000)], timestamps: [0] });
    while (output.offer(batch())) taken += 1;
    expect(taken).toBeLessThan(9);
    for (let again = 0; again < 100; again += 1) expect(output.offer(batch())).toBe(false);
    expect([output.capacity, output.unsent]).toEqual([0, 0]);
  });

  it('when another thread sleeps on its doorbell, then ringing wakes it and it reads what was sent', async () => {
    const ring = createRing(1 << 16);
    const bells = { consumer: createDoorbell(), producer: createDoorbell() };
    const worker = new Worker(new URL('../test-support/ring-echo.worker.ts', import.meta.url), {
      workerData: { ring, back: createRing(1 << 16), ...bells },
    });
    const done = new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const consumer = new Doorbell(bells.consumer);
    const producer = new Doorbell(bells.producer);
    const output = ringOutputChannel({
      channelId: 'c',
      ring,
      codec: new MsgpackBatchCodec(),
      epoch: 1,
      attempt: 0,
      ringConsumer: () => consumer.ring(),
    });
    for (let n = 0; n <= 200; n += 1) {
      const values = Array.from({ length: 500 }, (_, i) => n * 500 + i);
      const element: ChannelElement =
        n === 200 ? { kind: 'end' } : { kind: 'records', values, timestamps: values };
      while (!output.offer(element)) {
        producer.arm();
        if (output.capacity === 0) await producer.wait(5_000);
        else producer.disarm();
      }
      output.flush();
    }
    expect(await done).toBe((100_000 * 99_999) / 2);
    await worker.terminate();
  });
});

/** Elements as single records and events: batches may be cut. */
function flatten(elements: readonly ChannelElement[]): unknown[] {
  return elements.flatMap((element): unknown[] => {
    if (element.kind !== 'records') return [element];
    return element.values.map((value, index) => [value, element.timestamps[index]]);
  });
}
