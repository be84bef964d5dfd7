import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from './seeded-random.ts';

describe('SeededRandom', () => {
  it('when two have the same seed, they draw the same; when the seeds differ, they do not', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const [one, two, other] = [
          new SeededRandom(seed),
          new SeededRandom(seed),
          new SeededRandom(seed + 1),
        ];
        expect(one.hex(16)).toBe(two.hex(16));
        expect(one.next()).toBe(two.next());
        expect(one.hex(16)).not.toBe(other.hex(16));
      }),
    );
  });

  it('when a label is forked, what others drew before changes nothing', () => {
    const quiet = new SeededRandom(7);
    const busy = new SeededRandom(7);
    for (let at = 0; at < 100; at++) busy.next();
    expect(busy.fork('network').hex(32)).toBe(quiet.fork('network').hex(32));
    expect(quiet.fork('clock').hex(32)).not.toBe(quiet.fork('network').hex(32));
  });

  it('when many numbers are drawn, they fill [0, 1) evenly and the exponential keeps its mean', () => {
    const random = new SeededRandom(42);
    const buckets = Array.from({ length: 10 }, () => 0);
    let sum = 0;
    for (let at = 0; at < 100_000; at++) {
      buckets[random.int(10)]!++;
      sum += random.exponential(5);
    }
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(sum / 100_000).toBeCloseTo(5, 0);
  });

  it('when seeded with a fixed number, the sequence stays as it is, so recorded seeds keep their meaning', () => {
    const random = new SeededRandom(1);
    expect([random.uint32(), random.uint32(), random.uint32()]).toMatchInlineSnapshot(`
      [
        393288148,
        2174103013,
        3814759091,
      ]
    `);
  });

  it('when hex is asked for n bytes, it has 2n characters', () => {
    const random = new SeededRandom(3);
    for (const bytes of [0, 1, 3, 4, 17])
      expect(random.hex(bytes)).toMatch(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
