import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANNEL_KEEPALIVE_MS, CHANNEL_SILENCE_MS, MAX_FRAME_BYTES } from '../../base/limits.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import type { FaultRule } from '../../transport/simulation/faults.ts';
import { SimulatedNetwork } from '../../transport/simulation/network.ts';
import type { ChannelElement, InputChannel, OutputChannel } from './channel.ts';
import {
  ChannelClosedError,
  ChannelCorruptError,
  ChannelError,
  ChannelGapError,
  ChannelSilentError,
} from './errors.ts';
import { FRAME_HEADER_BYTES, isIntact, readHeader, seal, writeHeader } from './frame.ts';
import { MsgpackBatchCodec } from './codec/msgpack-codec.ts';
import { networkInputChannel } from './network-input.ts';
import { creditSubject, networkOutputChannel } from './network-output.ts';

const SUBJECT = 'data.job.1.0.e0-0-0';

class Wire {
  readonly clock = new SimulatedClock();
  readonly network: SimulatedNetwork;
  readonly producer;
  readonly consumer;
  readonly #window: number;

  constructor(
    faults: readonly FaultRule[] = [],
    reorder: 'none' | 'within-subject' = 'none',
    seed = 1,
    windowFrames = 4,
  ) {
    this.network = new SimulatedNetwork(this.clock, new SeededRandom(seed), { faults, reorder });
    this.producer = this.network.connect('producer');
    this.consumer = this.network.connect('consumer');
    this.#window = windowFrames;
  }

  #options() {
    return {
      channelId: 'e0-0-0',
      subject: SUBJECT,
      epoch: 1,
      attempt: 0,
      clock: this.clock,
      codec: new MsgpackBatchCodec(),
    };
  }

  output(): OutputChannel {
    return networkOutputChannel({ ...this.#options(), transport: this.producer, wake: () => {} });
  }

  input(epoch = 1): InputChannel {
    const options = { ...this.#options(), epoch, transport: this.consumer, windowFrames: this.#window };
    return networkInputChannel({ ...options, wake: () => {} });
  }
}

interface Outcome {
  readonly received: number[];
  readonly ended: boolean;
  readonly error: unknown;
}

/** Sends `count` batches of one number and the end, polling every few ms, until the end or an error shows. */
async function transfer(wire: Wire, count: number, consumerLateMs = 0): Promise<Outcome> {
  const output = wire.output();
  let input: InputChannel | undefined;
  const received: number[] = [];
  let ended = false;
  let error: unknown;
  let sent = 0;
  for (let round = 0; round < 5_000 && !ended && error === undefined; round += 1) {
    if (input === undefined && wire.clock.monotonic() >= consumerLateMs) input = wire.input();
    try {
      while (sent <= count) {
        const element: ChannelElement =
          sent === count ? { kind: 'end' } : { kind: 'records', values: [sent], timestamps: [sent] };
        if (!output.offer(element)) break;
        sent += 1;
      }
      for (let element = input?.poll(); element !== undefined; element = input?.poll()) {
        if (element.kind === 'records') received.push(...(element.values as number[]));
        if (element.kind === 'end') ended = true;
      }
    } catch (failure) {
      error = failure;
    }
    await wire.clock.runFor(5);
  }
  output.close();
  input?.close();
  return { received, ended, error };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('network channel', () => {
  it('when the network is good, then everything arrives in order, whichever end starts first', async () => {
    for (const late of [0, 700, 8_000]) {
      const outcome = await transfer(new Wire([{ minDelayMs: 1, meanDelayMs: 3 }]), 100, late);
      expect(outcome).toEqual({ received: upTo(100), ended: true, error: undefined });
    }
  });

  it('when both ends are closed, then no timer is left', async () => {
    const wire = new Wire();
    await transfer(wire, 5);
    expect(wire.clock.timers).toEqual([]);
  });

  it('when frames are dropped, duplicated, delayed and reordered, then it is a prefix and an error, or everything, never wrong', async () => {
    const outcomes = { complete: 0, failed: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.constantFrom(0, 0.02, 0.2),
        fc.constantFrom(0, 0.2),
        fc.boolean(),
        async (seed, dropProbability, duplicateProbability, shuffled) => {
          const faults = [{ dropProbability, duplicateProbability, meanDelayMs: 4 }];
          const wire = new Wire(faults, shuffled ? 'within-subject' : 'none', seed);
          const { received, ended, error } = await transfer(wire, 40);
          expect(received).toEqual(upTo(received.length));
          if (ended) expect(received.length).toBe(40);
          else expect(error).toBeInstanceOf(ChannelError);
          if (error !== undefined) expect((error as ChannelError).retryable).toBe(true);
          if (!shuffled && dropProbability === 0 && duplicateProbability === 0) expect(ended).toBe(true);
          outcomes[ended ? 'complete' : 'failed'] += 1;
        },
      ),
      { numRuns: 120, seed: 1 },
    );
    expect(Math.min(outcomes.complete, outcomes.failed)).toBeGreaterThan(10);
  });

  it('when only credits are lost, then they are repeated and everything arrives', async () => {
    const faults = [
      {
        when: ({ subject }: { subject: string }) => subject === creditSubject(SUBJECT),
        dropProbability: 0.5,
      },
    ];
    const outcome = await transfer(new Wire(faults), 60);
    expect(outcome).toEqual({ received: upTo(60), ended: true, error: undefined });
  });

  it('when the last frame before a quiet time is lost, then the keepalive shows the gap', async () => {
    const wire = new Wire();
    const output = wire.output();
    const input = wire.input();
    await wire.clock.runFor(10);
    output.offer({ kind: 'watermark', timestamp: 1 });
    await wire.clock.runFor(10);
    wire.network.setFaults([{ dropProbability: 1 }]);
    output.offer({ kind: 'watermark', timestamp: 2 });
    wire.network.setFaults([]);
    expect(input.poll()).toEqual({ kind: 'watermark', timestamp: 1 });
    await wire.clock.runFor(CHANNEL_KEEPALIVE_MS * 2 + 10);
    expect(() => input.poll()).toThrow(ChannelGapError);
  });

  it('when one end vanishes, then the other fails after the silence timeout', async () => {
    for (const vanished of ['producer', 'consumer'] as const) {
      const wire = new Wire();
      const output = wire.output();
      const input = wire.input();
      await wire.clock.runFor(1_000);
      wire.network.partition(['producer'], ['consumer']);
      await wire.clock.runFor(CHANNEL_SILENCE_MS - 600);
      expect([input.poll(), output.capacity]).toEqual([undefined, 4]);
      await wire.clock.runFor(2_000);
      if (vanished === 'producer') expect(() => input.poll()).toThrow(ChannelSilentError);
      else expect(() => output.offer({ kind: 'end' })).toThrow(ChannelSilentError);
    }
  });

  it('when the consumer closed after it read the end, then the producer does not fail', async () => {
    const wire = new Wire();
    const output = wire.output();
    const input = wire.input();
    await wire.clock.runFor(10);
    output.offer({ kind: 'end' });
    await wire.clock.runFor(10);
    expect(input.poll()).toEqual({ kind: 'end' });
    input.close();
    await wire.clock.runFor(CHANNEL_SILENCE_MS * 3);
    expect([output.unsent, output.capacity]).toEqual([0, 3]);
  });

  it('when the consumer reads nothing, then the producer sends no more than the window', async () => {
    const wire = new Wire([], 'none', 1, 4);
    const output = wire.output();
    const input = wire.input();
    await wire.clock.runFor(10);
    const sentBefore = wire.network.counters.sent;
    let taken = 0;
    for (let n = 0; n < 100; n += 1)
      if (output.offer({ kind: 'records', values: [n], timestamps: [0] })) taken += 1;
    expect([taken, wire.network.counters.sent - sentBefore]).toEqual([4, 4]);
    input.close();
  });

  it('when a record is larger than a frame, then it arrives whole', async () => {
    const wire = new Wire([], 'none', 1, 2);
    const output = wire.output();
    const input = wire.input();
    await wire.clock.runFor(10);
    const text = 'x'.repeat(MAX_FRAME_BYTES * 3);
    expect(output.offer({ kind: 'records', values: ['a', text, 'b'], timestamps: [1, 2, 3] })).toBe(true);
    const values: unknown[] = [];
    for (let round = 0; round < 100 && values.length < 3; round += 1) {
      for (let element = input.poll(); element !== undefined; element = input.poll()) {
        if (element.kind === 'records') values.push(...element.values);
      }
      output.flush();
      await wire.clock.runFor(10);
    }
    expect(values).toEqual(['a', text, 'b']);
  });

  it('when foreign or stale messages arrive on the subject, then they are ignored; a damaged frame fails the channel', async () => {
    const wire = new Wire();
    const input = wire.input();
    const other = wire.network.connect('other');
    const frame = (epoch: number): Uint8Array => {
      const bytes = new Uint8Array(FRAME_HEADER_BYTES);
      writeHeader(bytes, { kind: 'end', flags: 0, epoch, attempt: 0, sequence: 0, count: 0, length: 0 });
      seal(bytes);
      return bytes;
    };
    other.publish(SUBJECT, new Uint8Array(0));
    other.publish(SUBJECT, new TextEncoder().encode('{"type":"nonsense that is longer than a header"}'));
    other.publish(SUBJECT, frame(7));
    await wire.clock.runFor(10);
    expect(input.poll()).toBeUndefined();
    const damaged = frame(1);
    damaged[20] = 5;
    other.publish(SUBJECT, damaged);
    await wire.clock.runFor(10);
    expect(() => input.poll()).toThrow(ChannelCorruptError);
  });

  it('when the connection closes, then both ends fail', async () => {
    const wire = new Wire();
    const output = wire.output();
    const input = wire.input();
    await wire.clock.runFor(10);
    await wire.consumer.close();
    await wire.producer.close();
    await wire.clock.runFor(10);
    expect(() => input.poll()).toThrow(ChannelClosedError);
    expect(() => output.offer({ kind: 'end' })).toThrow(ChannelClosedError);
  });
});

describe('frame', () => {
  it('when a header is written, sealed and read, then it is the same, and any flipped bit shows', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('records' as const, 'watermark' as const, 'credit' as const),
        fc.record({
          flags: fc.integer({ min: 0, max: 255 }),
          epoch: fc.nat(),
          attempt: fc.nat(),
          count: fc.nat(),
        }),
        fc.maxSafeNat(),
        fc.uint8Array({ maxLength: 50 }),
        fc.nat(),
        (kind, fields, sequence, payload, bit) => {
          const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
          const header = { kind, ...fields, sequence, length: payload.length };
          writeHeader(frame, header);
          frame.set(payload, FRAME_HEADER_BYTES);
          seal(frame);
          expect([readHeader(frame), isIntact(frame)]).toEqual([header, true]);
          const at = bit % (frame.length * 8);
          frame[at >> 3] = (frame[at >> 3] ?? 0) ^ (1 << (at & 7));
          expect(readHeader(frame) !== undefined && isIntact(frame)).toBe(false);
        },
      ),
    );
  });
});
