import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANNEL_KEEPALIVE_MS, CHANNEL_SILENCE_MS } from '../../base/limits.ts';
import { TransportOverloadedError } from '../../ports/transport.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { SimulatedNetwork } from '../../transport/simulation/network.ts';
import { FAULTS, faultyTransport } from '../test-support/faulty-transport.ts';
import type { Fault } from '../test-support/faulty-transport.ts';
import type { ChannelElement, InputChannel, OutputChannel } from './channel.ts';
import { LearnedCodec } from './codec/learned-codec.ts';
import { ChannelError, ChannelGapError } from './errors.ts';
import { frameCompression } from './frame-compression.ts';
import type { CompressionCodec } from './frame-compression.ts';
import { networkInputChannel } from './network-input.ts';
import { creditSubject, networkOutputChannel } from './network-output.ts';

const SUBJECT = 'data.job.1.0.e0-0-0';
const BATCHES = 30;

interface Setting {
  readonly seed: number;
  readonly probability: Partial<Record<Fault, number>>;
  readonly compression?: CompressionCodec;
  readonly happened?: Map<Fault, number>;
}

/** Both ends of a channel whose messages, in both directions, meet faults. */
function openChannel({ seed, probability, compression = 'none', happened }: Setting) {
  const clock = new SimulatedClock();
  const random = new SeededRandom(seed);
  const network = new SimulatedNetwork(clock, random, {});
  const options = (node: string) => ({
    channelId: 'e0-0-0',
    subject: SUBJECT,
    epoch: 1,
    attempt: 0,
    clock,
    codec: new LearnedCodec(),
    wake: () => {},
    windowFrames: 4,
    compression: frameCompression(compression),
    transport: faultyTransport(network.connect(node), {
      random,
      clock,
      probability,
      ...(happened === undefined ? {} : { happened }),
    }),
  });
  const output: OutputChannel = networkOutputChannel(options('producer'));
  const input: InputChannel = networkInputChannel(options('consumer'));
  return { clock, network, output, input };
}

const batch = (n: number): ChannelElement => ({
  kind: 'records',
  values: Array.from({ length: 50 }, (_, i) => ({ n: n * 50 + i, text: `text of record ${n * 50 + i}` })),
  timestamps: Array.from({ length: 50 }, () => n),
});

interface Outcome {
  readonly received: number[];
  readonly ended: boolean;
  readonly error: unknown;
}

/** Sends all batches and the end as a task does, closing each end as soon as it is done, until an end or an error shows. */
async function transfer(setting: Setting): Promise<Outcome & { readonly timers: number }> {
  const { clock, output, input } = openChannel(setting);
  const received: number[] = [];
  let [ended, sent] = [false, 0];
  let error: unknown;
  for (let round = 0; round < 4_000 && !ended && error === undefined; round += 1) {
    try {
      while (sent <= BATCHES && output.offer(sent === BATCHES ? { kind: 'end' } : batch(sent))) sent += 1;
      if (sent > BATCHES && (output.unsent ?? 0) === 0) output.close();
      for (let element = input.poll(); element !== undefined; element = input.poll()) {
        if (element.kind === 'records')
          received.push(...element.values.map((value) => (value as { n: number }).n));
        if (element.kind === 'end') ended = true;
      }
    } catch (failure) {
      error = failure;
    }
    await clock.runFor(5);
  }
  output.close();
  input.close();
  await clock.runFor(CHANNEL_SILENCE_MS + 2 * CHANNEL_KEEPALIVE_MS);
  return { received, ended, error, timers: clock.timers.length };
}

function expectNeverWrong({ received, ended, error }: Outcome): void {
  expect(received).toEqual(Array.from({ length: received.length }, (_, n) => n));
  if (ended) expect(received.length).toBe(BATCHES * 50);
  else {
    expect(error).toBeInstanceOf(ChannelError);
    expect((error as ChannelError).retryable).toBe(true);
  }
}

describe('a network channel under faults', () => {
  for (const kind of FAULTS) {
    it(`when messages meet "${kind}", then all arrives or the attempt fails retryably, and what arrived is right`, async () => {
      const happened = new Map<Fault, number>();
      await fc.assert(
        fc.asyncProperty(fc.integer(), fc.constantFrom('none', 'zstd'), async (seed, compression) => {
          const outcome = await transfer({ seed, compression, probability: { [kind]: 0.05 }, happened });
          expectNeverWrong(outcome);
          expect(outcome.timers).toBe(0);
        }),
        { numRuns: 40, seed: 7 },
      );
      expect(happened.get(kind)).toBeGreaterThan(20);
    });
  }

  it('when all faults meet at once, then still nothing wrong arrives', async () => {
    const outcomes = { complete: 0, failed: 0 };
    const kind = fc.constantFrom(0, 0, 0.01, 0.1);
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.tuple(kind, kind, kind, kind, kind, kind), async (seed, rates) => {
        const probability = Object.fromEntries(FAULTS.map((fault, i) => [fault, rates[i]]));
        const outcome = await transfer({ seed, probability });
        expectNeverWrong(outcome);
        outcomes[outcome.ended ? 'complete' : 'failed'] += 1;
      }),
      { numRuns: 120, seed: 3 },
    );
    expect(Math.min(outcomes.complete, outcomes.failed)).toBeGreaterThan(10);
  });
});

describe('a network channel over a transport that has too much under way', () => {
  it('when publishing is refused for a while, then the producer waits, is woken, and nothing is lost or failed', async () => {
    const clock = new SimulatedClock();
    const network = new SimulatedNetwork(clock, new SeededRandom(1), {});
    let [woken, refused, overloaded] = [0, 0, false];
    const beforePublish = (): void => {
      if (!overloaded) return;
      refused += 1;
      throw new TransportOverloadedError(1, 1);
    };
    const plan = { random: new SeededRandom(1), clock, probability: {}, beforePublish };
    const options = (node: string) => ({
      ...{ channelId: 'e0-0-0', subject: SUBJECT, epoch: 1, attempt: 0, clock, codec: new LearnedCodec() },
      transport: faultyTransport(network.connect(node), plan),
      wake: () => (woken += 1),
    });
    const output = networkOutputChannel(options('producer'));
    const input = networkInputChannel(options('consumer'));
    await clock.runFor(10);
    overloaded = true;
    expect(output.offer(batch(0))).toBe(true);
    expect([output.unsent, output.capacity, output.offer(batch(1))]).toEqual([1, 0, false]);
    const before = woken;
    await clock.runFor(CHANNEL_SILENCE_MS / 2);
    expect(woken).toBeGreaterThan(before);
    overloaded = false;
    await clock.runFor(10);
    output.flush();
    expect([output.unsent, output.offer(batch(1))]).toEqual([0, true]);
    await clock.runFor(10);
    expect([input.poll(), input.poll()]).toMatchObject([batch(0), batch(1)]);
    // Keepalives and credits were refused as well.
    expect(refused).toBeGreaterThan(10);
    output.close();
    input.close();
    expect(clock.timers).toEqual([]);
  });
});

describe('the end of a network channel', () => {
  const faultsOnData = (network: SimulatedNetwork, dropProbability: number): void =>
    network.setFaults([{ when: ({ subject }) => subject === SUBJECT, dropProbability }]);

  it('when the end is the only frame and is lost, then the closed producer still shows the gap', async () => {
    const { clock, network, output, input } = openChannel({ seed: 1, probability: {} });
    faultsOnData(network, 1);
    await clock.runFor(10);
    expect(output.offer({ kind: 'end' })).toBe(true);
    output.close();
    faultsOnData(network, 0);
    await clock.runFor(CHANNEL_KEEPALIVE_MS * 2);
    expect(() => input.poll()).toThrow(ChannelGapError);
    input.close();
    await clock.runFor(CHANNEL_SILENCE_MS + 2 * CHANNEL_KEEPALIVE_MS);
    expect(clock.timers).toEqual([]);
  });

  it('when the consumer got the end, then the closed producer stops at once; a lost word of it is repeated', async () => {
    for (const lost of [false, true]) {
      const { clock, network, output, input } = openChannel({ seed: 1, probability: {} });
      await clock.runFor(10);
      if (lost)
        network.setFaults([
          { when: ({ subject }) => subject === creditSubject(SUBJECT), dropProbability: 1 },
        ]);
      output.offer({ kind: 'end' });
      output.close();
      await clock.runFor(10);
      network.setFaults([]);
      if (lost) await clock.runFor(CHANNEL_KEEPALIVE_MS * 2);
      expect(input.poll()).toEqual({ kind: 'end' });
      input.close();
      expect(clock.timers).toEqual([]);
    }
  });
});
