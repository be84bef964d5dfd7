import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WindowMaximum } from './window-maximum.ts';

describe('WindowMaximum', () => {
  it('when nothing was seen, then it is 0', () => {
    expect(new WindowMaximum(10).at(5)).toBe(0);
  });

  it('when values come at any times, then the largest of the last window counts, and none older than two', () => {
    const step = fc.record({
      after: fc.integer({ min: 0, max: 25 }),
      value: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.nat(40), (steps, later) => {
        const maximum = new WindowMaximum(10);
        let now = 0;
        const seen = steps.map(({ after, value }) => {
          now += after;
          maximum.update(value, now);
          return { at: now, value };
        });
        now += later;
        const within = (ms: number): number =>
          Math.max(0, ...seen.filter(({ at }) => now - at < ms).map(({ value }) => value));
        const found = maximum.at(now);
        expect(found).toBeGreaterThanOrEqual(within(10));
        expect(found).toBeLessThanOrEqual(within(20));
      }),
    );
  });
});
