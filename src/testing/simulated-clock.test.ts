import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeClock } from './node-clock.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulationTrace } from './simulation-trace.ts';

describe('SimulatedClock', () => {
  it('when timers are set and cleared, they run by time, then by order of setting', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 60 }), (timers) => {
        const clock = new SimulatedClock();
        const ran: number[] = [];
        const handles = timers.map(([delay], at) => clock.setTimeout(() => ran.push(at), delay));
        timers.forEach(([, cleared], at) => cleared && clock.clearTimeout(handles[at]!));
        while (clock.stepSync());
        const expected = timers
          .map(([delay, cleared], at) => ({ delay, cleared, at }))
          .filter((timer) => !timer.cleared)
          .sort((one, other) => one.delay - other.delay || one.at - other.at);
        expect(ran).toEqual(expected.map((timer) => timer.at));
        expect(clock.pending).toBe(0);
      }),
    );
  });

  it('when a random source is given, ties run in another order, the same for the same seed', () => {
    const order = (seed: number): number[] => {
      const clock = new SimulatedClock({ random: new SeededRandom(seed) });
      const ran: number[] = [];
      for (let at = 0; at < 20; at++) clock.setTimeout(() => ran.push(at), 5);
      while (clock.stepSync());
      return ran;
    };
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
    expect(order(1).toSorted((one, other) => one - other)).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it('when an event sets off promise chains and timers, they finish before the next event', async () => {
    const clock = new SimulatedClock();
    const log: string[] = [];
    clock.setTimeout(() => {
      void (async () => {
        for (let at = 0; at < 50; at++) await Promise.resolve();
        log.push(`chain at ${clock.monotonic()}`);
        clock.setTimeout(() => log.push(`inner at ${clock.monotonic()}`), 3);
      })();
    }, 10);
    clock.setTimeout(() => log.push(`later at ${clock.monotonic()}`), 20);
    await clock.runUntilTime(100);
    expect(log).toEqual(['chain at 10', 'inner at 13', 'later at 20']);
    expect(clock.monotonic()).toBe(100);
  });

  it('when run until a condition, it stops there, and says so when the events or the steps run out', async () => {
    const clock = new SimulatedClock();
    let ticks = 0;
    const tick = (): void => {
      ticks++;
      if (ticks < 10) clock.setTimeout(tick, 100, 'tick');
    };
    clock.setTimeout(tick, 100, 'tick');
    expect(await clock.runUntil(() => ticks === 3)).toBe(true);
    expect(clock.monotonic()).toBe(300);
    expect(clock.timers).toEqual([{ name: 'tick', at: 400 }]);
    expect(await clock.runUntil(() => ticks === 9, 2)).toBe(false);
    expect(await clock.runUntil(() => ticks === 99)).toBe(false);
    expect(ticks).toBe(10);
  });

  it('when the wall clock jumps, monotonic time and timers stay', async () => {
    const clock = new SimulatedClock({ startAt: 1_000 });
    let ran = 0;
    clock.setTimeout(() => ran++, 50);
    clock.jumpWallClock(-500);
    expect([clock.now(), clock.monotonic()]).toEqual([500, 0]);
    await clock.runFor(50);
    expect([clock.now(), ran]).toEqual([550, 1]);
  });

  it('when an event throws, step throws and the clock goes on after it', async () => {
    const clock = new SimulatedClock();
    clock.setTimeout(() => {
      throw new Error('boom');
    }, 1);
    clock.setTimeout(() => {}, 2);
    await expect(clock.step()).rejects.toThrow('boom');
    expect(await clock.step()).toBe(true);
  });
});

describe('NodeClock', () => {
  it('when the node dies, its timers never fire, new ones neither, others do', async () => {
    const clock = new SimulatedClock();
    const [one, other] = [new NodeClock(clock, 'one'), new NodeClock(clock, 'other')];
    const fired: string[] = [];
    one.setTimeout(() => fired.push('one'), 10);
    other.setTimeout(() => fired.push('other'), 10);
    one.kill();
    one.setTimeout(() => fired.push('zombie'), 1);
    await clock.runFor(100);
    expect(fired).toEqual(['other']);
    expect(one.pending).toBe(0);
  });

  it('when the node sleeps, what fell due fires on waking, unless cleared meanwhile', async () => {
    const clock = new SimulatedClock();
    const node = new NodeClock(clock, 'tm');
    const fired: string[] = [];
    node.setTimeout(() => fired.push(`a at ${node.monotonic()}`), 10);
    const cleared = node.setTimeout(() => fired.push('b'), 11);
    node.setTimeout(() => fired.push(`c at ${node.monotonic()}`), 70);
    node.pause();
    await clock.runUntilTime(50);
    node.clearTimeout(cleared);
    expect(fired).toEqual([]);
    node.resume();
    await clock.runUntilTime(100);
    expect(fired).toEqual(['a at 50', 'c at 70']);
  });

  it('when a node has its own wall clock, only its now() differs', () => {
    const clock = new SimulatedClock();
    const node = new NodeClock(clock, 'tm');
    node.jumpWallClock(600_000);
    expect(node.now() - clock.now()).toBe(600_000);
    expect(node.monotonic()).toBe(clock.monotonic());
  });
});

describe('SimulationTrace', () => {
  it('when lines are equal the hashes are, also after old lines are forgotten', () => {
    const [one, two, other] = [3, 1_000, 3].map((limit) => new SimulationTrace({ limit }));
    for (let at = 0; at < 50; at++) {
      one!.add(`line ${at}`);
      two!.add(`line ${at}`);
      other!.add(`line ${at === 7 ? 'x' : at}`);
    }
    expect(one!.hash).toBe(two!.hash);
    expect(one!.hash).not.toBe(other!.hash);
    expect(one!.lines).toEqual(['line 47', 'line 48', 'line 49']);
    expect(one!.count).toBe(50);
  });
});
