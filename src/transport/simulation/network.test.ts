import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadlineExceededError } from '../../base/errors.ts';
import { NodeClock } from '../../testing/node-clock.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { SimulationTrace } from '../../testing/simulation-trace.ts';
import { describeTransportConformance, type ConformanceNetwork } from '../conformance.ts';
import { NoRespondersError } from '../errors.ts';
import type { FaultRule, Reordering } from './faults.ts';
import { SimulatedNetwork, type SimulatedNetworkOptions } from './network.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (message: { readonly payload: Uint8Array }): string => new TextDecoder().decode(message.payload);

interface Simulation {
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly trace: SimulationTrace;
}

function simulate(seed: number, options: SimulatedNetworkOptions = {}): Simulation {
  const random = new SeededRandom(seed);
  const trace = new SimulationTrace();
  const clock = new SimulatedClock({ random: random.fork('clock'), trace });
  return {
    clock,
    trace,
    network: new SimulatedNetwork(clock, random.fork('network'), { trace, ...options }),
  };
}

/** Runs the clock behind the suite's back, so that it can simply await. */
function conformanceNetwork(options: SimulatedNetworkOptions): ConformanceNetwork {
  const { clock, network } = simulate(1, options);
  let running = true;
  const pump = (async () => {
    while (running) await clock.step();
  })();
  let nodes = 0;
  return {
    connect: async ({ onHandlerError }) => network.connect(`node${++nodes}`, { onHandlerError }),
    dispose: async () => {
      running = false;
      await pump;
    },
  };
}

describeTransportConformance('simulated network', async () => conformanceNetwork({}));
describeTransportConformance('simulated network with delays', async () =>
  conformanceNetwork({ faults: [{ minDelayMs: 0.01, meanDelayMs: 1 }] }),
);

/** Three nodes talk in a pattern that only depends on what they hear; returns what happened. */
async function gossip(
  seed: number,
  options: SimulatedNetworkOptions,
): Promise<Simulation & { heard: string[] }> {
  const simulation = simulate(seed, options);
  const { clock, network } = simulation;
  const heard: string[] = [];
  const nodes = ['a', 'b', 'c'];
  for (const node of nodes) {
    const transport = network.connect(node);
    let count = 0;
    transport.subscribe('gossip.*', (message) => {
      heard.push(`${clock.monotonic()} ${node} ${message.subject} ${text(message)}`);
      if (++count < 12) transport.publish(`gossip.${node}`, bytes(`${node}${count}`));
    });
    transport.subscribe(`ask.${node}`, (message) =>
      transport.publish(message.replyTo ?? 'none', message.payload),
    );
    clock.setTimeout(() => transport.publish(`gossip.${node}`, bytes(`${node} starts`)), 1, 'start');
    clock.setTimeout(() => {
      transport.request(`ask.${nodes[0]}`, bytes(node), { timeoutMs: 20 }).then(
        (reply) => heard.push(`${node} answered ${text(reply)}`),
        (error: Error) => heard.push(`${node} ${error.name}`),
      );
    }, 3);
  }
  await clock.runUntil(() => clock.steps > 600);
  return { ...simulation, heard };
}

const faultRule: fc.Arbitrary<FaultRule> = fc.record({
  minDelayMs: fc.double({ min: 0, max: 5, noNaN: true }),
  meanDelayMs: fc.double({ min: 0, max: 20, noNaN: true }),
  dropProbability: fc.double({ min: 0, max: 0.3, noNaN: true }),
  duplicateProbability: fc.double({ min: 0, max: 0.5, noNaN: true }),
});
const reordering = fc.constantFrom<Reordering>('none', 'across-subjects', 'within-subject');

describe('determinism', () => {
  it('when seed and faults are the same, the trace is the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), faultRule, reordering, async (seed, rule, reorder) => {
        const one = await gossip(seed, { faults: [rule], reorder });
        const two = await gossip(seed, { faults: [rule], reorder });
        expect(one.trace.count).toBeGreaterThan(10);
        expect(two.trace.lines).toEqual(one.trace.lines);
        expect(two.trace.hash).toBe(one.trace.hash);
        expect(two.heard).toEqual(one.heard);
      }),
      { numRuns: 30 },
    );
  });

  it('when the seed differs, the run does', async () => {
    const faults = [{ meanDelayMs: 3, dropProbability: 0.1 }];
    const one = await gossip(1, { faults });
    expect((await gossip(2, { faults })).trace.hash).not.toBe(one.trace.hash);
  });
});

describe('order, loss and duplication', () => {
  async function run(
    seed: number,
    options: SimulatedNetworkOptions,
  ): Promise<Simulation & { heard: string[] }> {
    const simulation = simulate(seed, options);
    const heard: string[] = [];
    simulation.network
      .connect('to')
      .subscribe('x.>', (message) => heard.push(`${message.subject} ${text(message)}`));
    const sender = simulation.network.connect('from');
    for (let at = 0; at < 200; at++) sender.publish(`x.${at % 2}`, bytes(String(at).padStart(3, '0')));
    while (simulation.clock.stepSync());
    return { ...simulation, heard };
  }
  const inOrder = (values: readonly string[]): boolean =>
    values.every((value, at) => at === 0 || values[at - 1]! < value);
  const of = (heard: readonly string[], subject: string): string[] =>
    heard.filter((line) => line.startsWith(subject)).map((line) => line.slice(4));

  it('when messages are delayed and lost, what arrives keeps the order that was chosen', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom<Reordering>('none', 'across-subjects'),
        async (seed, reorder) => {
          const { heard } = await run(seed, { reorder, faults: [{ meanDelayMs: 10, dropProbability: 0.2 }] });
          for (const subject of ['x.0', 'x.1']) expect(inOrder(of(heard, subject))).toBe(true);
          const all = heard.map((line) => line.slice(4));
          expect(inOrder(all)).toBe(reorder === 'none');
          expect(new Set(all).size).toBe(all.length);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('when a slow message is ahead of a fast one, neither arrives before its time', async () => {
    const slowFirst: FaultRule[] = [
      { when: (message) => message.subject === 'slow', minDelayMs: 100 },
      { minDelayMs: 1 },
    ];
    for (const [reorder, expected] of [
      ['none', ['100 slow', '100 fast']],
      ['across-subjects', ['1 fast', '100 slow']],
    ] as const) {
      const { clock, network } = simulate(1, { faults: slowFirst, reorder });
      const heard: string[] = [];
      network
        .connect('to')
        .subscribe('*', (message) => heard.push(`${clock.monotonic()} ${message.subject}`));
      const sender = network.connect('from');
      for (const subject of ['slow', 'fast']) sender.publish(subject, bytes(''));
      while (clock.stepSync());
      expect(heard).toEqual(expected);
    }
  });

  it('when reordering within a subject is asked for, it happens', async () => {
    const { heard } = await run(5, { reorder: 'within-subject', faults: [{ meanDelayMs: 10 }] });
    expect(heard).toHaveLength(200);
    expect(inOrder(of(heard, 'x.0'))).toBe(false);
  });

  it('when messages are dropped and duplicated, the counters add up', async () => {
    const { heard, network } = await run(9, {
      faults: [{ dropProbability: 0.2, duplicateProbability: 0.3 }],
    });
    const counters = network.counters;
    expect(counters.sent).toBe(200);
    expect(counters.dropped).toBeGreaterThan(10);
    expect(counters.duplicated).toBeGreaterThan(10);
    expect(counters.delivered).toBe(200 - counters.dropped + counters.duplicated);
    expect(heard).toHaveLength(counters.delivered);
  });

  it('when a predicate chooses subjects, others are spared', async () => {
    const { heard } = await run(3, {
      faults: [{ when: (message) => message.subject === 'x.0', dropProbability: 1 }, { minDelayMs: 2 }],
    });
    expect(of(heard, 'x.0')).toEqual([]);
    expect(of(heard, 'x.1')).toHaveLength(100);
  });
});

describe('partitions', () => {
  it('when one direction is blocked, only the way back works', async () => {
    const { clock, network } = simulate(1);
    const [a, b] = [network.connect('a'), network.connect('b')];
    const heard: string[] = [];
    a.subscribe('to.a', (message) => heard.push(text(message)));
    b.subscribe('to.b', (message) => heard.push(text(message)));
    network.block('a', 'b');
    a.publish('to.b', bytes('a to b'));
    b.publish('to.a', bytes('b to a'));
    await clock.runFor(10);
    expect(heard).toEqual(['b to a']);
    network.unblock('a', 'b');
    a.publish('to.b', bytes('again'));
    await clock.runFor(10);
    expect(heard).toEqual(['b to a', 'again']);
  });

  it('when a link is cut while a message is under way, it is lost', async () => {
    const { clock, network } = simulate(1, { faults: [{ minDelayMs: 10 }] });
    const heard: string[] = [];
    network.connect('b').subscribe('x', (message) => heard.push(text(message)));
    const a = network.connect('a');
    a.publish('x', bytes('lost'));
    await clock.runFor(5);
    network.partition(['a'], ['b', 'c']);
    await clock.runFor(100);
    network.heal();
    a.publish('x', bytes('after'));
    await clock.runFor(100);
    expect(heard).toEqual(['after']);
    expect(network.counters.blocked).toBe(1);
  });

  it('when requests go into a partition, they end by their deadline, not as nobody listening', async () => {
    const { clock, network } = simulate(1);
    network.connect('b').subscribe('ask', () => {});
    network.partition(['a'], ['b']);
    const outcome = expect(
      network.connect('a').request('ask', bytes(''), { timeoutMs: 500 }),
    ).rejects.toThrow(DeadlineExceededError);
    await clock.runFor(1_000);
    await outcome;
  });
});

describe('crash, restart and pause of nodes', () => {
  it('when a node crashes, nothing of it acts or is answered any more, and others find nobody', async () => {
    const { clock, network } = simulate(1, { faults: [{ minDelayMs: 5 }] });
    const nodeClock = new NodeClock(clock, 'b');
    const b = network.connect('b', { clock: nodeClock });
    const [heard, settled]: [string[], string[]] = [[], []];
    b.subscribe('x', (message) => heard.push(text(message)));
    const a = network.connect('a');
    a.subscribe('slow', () => {});
    a.subscribe('from.b', (message) => heard.push(`a hears ${text(message)}`));
    void b.request('slow', bytes(''), { timeoutMs: 100 }).finally(() => settled.push('before'));
    a.publish('x', bytes('under way'));
    await clock.runFor(1);
    network.crash('b');
    nodeClock.kill();
    b.publish('from.b', bytes('zombie'));
    b.subscribe('x', () => heard.push('zombie hears'));
    void b.request('slow', bytes(''), { timeoutMs: 100 }).finally(() => settled.push('after'));
    await clock.runFor(10_000);
    expect(heard).toEqual([]);
    expect(settled).toEqual([]);
    await expect(a.request('x', bytes(''), { timeoutMs: 100 })).rejects.toThrow(NoRespondersError);
    expect(clock.pending).toBe(0);

    network.connect('b').subscribe('x', (message) => heard.push(`reborn ${text(message)}`));
    a.publish('x', bytes('hello'));
    await clock.runFor(10);
    expect(heard).toEqual(['reborn hello']);
  });

  it('when a node sleeps, its messages wait and arrive in order before newer ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const { clock, network } = simulate(seed);
        const heard: string[] = [];
        network.connect('b').subscribe('x', (message) => heard.push(text(message)));
        const a = network.connect('a');
        network.pause('b');
        for (const value of ['1', '2', '3']) a.publish('x', bytes(value));
        await clock.runFor(1_000);
        expect(heard).toEqual([]);
        network.resume('b');
        for (const value of ['4', '5']) a.publish('x', bytes(value));
        await clock.runFor(1_000);
        expect(heard).toEqual(['1', '2', '3', '4', '5']);
      }),
      { numRuns: 50 },
    );
  });
});
