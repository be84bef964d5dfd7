import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merged } from '../rest/sampled-flame-graphs.ts';
import { callTree, newestStack } from './cpu-profile.ts';
import type { CpuProfile } from './cpu-profile.ts';
import { speedscope } from './speedscope.ts';

const frame = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber });

/** (root) -> main -> work, (root) -> (idle) */
const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 4] },
    { id: 2, callFrame: frame('main', 'file:///app/main.ts', 9), children: [3] },
    { id: 3, callFrame: frame('', 'file:///app/work.ts', 0) },
    { id: 4, callFrame: frame('(idle)') },
  ],
  startTime: 0,
  endTime: 50,
  samples: [2, 3, 3, 4, 4],
  timeDeltas: [0, 10, 10, 10, 10],
};

describe('callTree', () => {
  it('when time is shown as a whole, then each path has its samples and those below it', () => {
    expect(callTree(PROFILE, 'FULL', 10, 10)).toEqual([
      { name: '(root)', value: 5, parent: -1 },
      { name: 'main (main.ts:10)', value: 3, parent: 0 },
      { name: '(idle)', value: 2, parent: 0 },
      { name: '(anonymous) (work.ts:1)', value: 2, parent: 1 },
    ]);
  });

  it('when only what runs or waits is shown, then the first frame counts no more than that', () => {
    expect(callTree(PROFILE, 'ON_CPU', 10, 10).map(({ value }) => value)).toEqual([3, 3, 2]);
    expect(callTree(PROFILE, 'OFF_CPU', 10, 10)).toEqual([
      { name: '(root)', value: 2, parent: -1 },
      { name: '(idle)', value: 2, parent: 0 },
    ]);
  });

  it('when depth or size are bounded, then the deepest and rarest are left out', () => {
    expect(callTree(PROFILE, 'FULL', 1, 10)).toHaveLength(3);
    expect(callTree(PROFILE, 'FULL', 10, 2).map(({ name }) => name)).toEqual(['(root)', 'main (main.ts:10)']);
  });

  it('when trees are merged, then samples of equal paths add up, whatever the trees', () => {
    const trees = fc.array(fc.array(fc.record({ name: fc.constantFrom('a', 'b'), up: fc.nat(3) })), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(trees, (drawn) => {
        const given = drawn.map((nodes) =>
          [{ name: 'root', up: 0 }, ...nodes].map(({ name, up }, index) => ({
            name,
            value: 1,
            parent: index === 0 ? -1 : Math.max(0, index - 1 - up),
          })),
        );
        const all = merged(given);
        const total = all.reduce((sum, { value }) => sum + value, 0);
        expect(total).toBe(given.flat().length);
        expect(new Set(all.map(({ name, parent }) => `${parent} ${name}`)).size).toBe(all.length);
        expect(all.every(({ parent }, index) => parent < index)).toBe(true);
      }),
    );
  });
});

describe('newestStack', () => {
  it('when the thread waits now, then what it did last is shown, innermost first', () => {
    expect(newestStack(PROFILE)).toEqual(['(anonymous) (work.ts:1)', 'main (main.ts:10)']);
    expect(newestStack({ ...PROFILE, samples: [4, 4] })).toEqual([]);
  });
});

describe('speedscope', () => {
  it('when a profile is written, then samples hold until the next one, and frames are there once', () => {
    const file = JSON.parse(speedscope('p', [{ name: 'slot-0', cpu: PROFILE }])) as {
      shared: { frames: { name: string }[] };
      profiles: { samples: number[][]; weights: number[]; endValue: number }[];
    };
    expect(file.shared.frames.map(({ name }) => name)).toEqual([
      'main (main.ts:10)',
      '(anonymous) (work.ts:1)',
      '(idle)',
    ]);
    expect(file.profiles[0]).toMatchObject({
      samples: [[0], [0, 1], [0, 1], [2], [2]],
      weights: [10, 10, 10, 10, 0],
      endValue: 40,
    });
  });
});
