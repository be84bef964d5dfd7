import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VertexId } from '../base/ids.ts';
import type { JobGraph, JobVertex } from '../graph/job-graph.ts';
import {
  NEVER_RESCALED,
  checkRequirements,
  decideRescale,
  defaultRequirements,
  fittingParallelism,
} from './rescale.ts';
import type { Parallelisms, RescaleMemory, RescaleView } from './rescale.ts';

function vertex(id: string, parallelism: number, more: Partial<JobVertex> = {}): JobVertex {
  return {
    id: id as VertexId,
    name: id,
    parallelism,
    maxParallelism: 128,
    slotSharingGroup: 'default',
    isSource: false,
    operators: [],
    ...more,
  };
}

function graph(...vertices: JobVertex[]): JobGraph {
  return { name: 'job', graphHash: '', vertices, edges: [] };
}

const counts = (parallelisms: Parallelisms | undefined): unknown =>
  parallelisms === undefined ? undefined : Object.fromEntries(parallelisms);

describe('fitting parallelism', () => {
  const two = graph(vertex('a', 4), vertex('b', 4));

  it.each([
    [9, { a: 4, b: 4 }],
    [4, { a: 4, b: 4 }],
    [3, { a: 3, b: 3 }],
    [1, { a: 1, b: 1 }],
    [0, undefined],
  ])('when there are %i slots, then a job of parallelism 4 has %j', (slots, expected) => {
    expect(counts(fittingParallelism(two, defaultRequirements(two), slots))).toEqual(expected);
  });

  it('when slot sharing groups differ, then each needs its own slots', () => {
    const apart = graph(vertex('a', 4), vertex('b', 4, { slotSharingGroup: 'other' }));
    expect(counts(fittingParallelism(apart, defaultRequirements(apart), 6))).toEqual({ a: 3, b: 3 });
  });

  it('when a vertex does not rescale, then it stays, and the others have what is left', () => {
    const fixed = graph(vertex('a', 4), vertex('all', 1, { fixedParallelism: true }));
    expect(counts(fittingParallelism(fixed, defaultRequirements(fixed), 2))).toEqual({ a: 2, all: 1 });
  });

  it('when bounds are given, then the result is within them and fits, or there is none', () => {
    const bounds = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(20))
      .map(([lowerBound, more]) => ({ lowerBound, upperBound: lowerBound + more }));
    fc.assert(
      fc.property(bounds, bounds, fc.nat(60), fc.boolean(), (a, b, slots, apart) => {
        const job = graph(vertex('a', 4), vertex('b', 4, apart ? { slotSharingGroup: 'o' } : {}));
        const found = fittingParallelism(job, { a, b }, slots);
        const needed = (x: number, y: number): number => (apart ? x + y : Math.max(x, y));
        if (found === undefined) {
          expect(needed(a.lowerBound, b.lowerBound)).toBeGreaterThan(slots);
          return;
        }
        const [x, y] = [...found.values()] as [number, number];
        expect(needed(x, y)).toBeLessThanOrEqual(slots);
        for (const [n, of] of [
          [x, a],
          [y, b],
        ] as const)
          expect(n >= of.lowerBound && n <= of.upperBound).toBe(true);
      }),
    );
  });
});

describe('resource requirements', () => {
  const job = graph(vertex('a', 4), vertex('all', 1, { fixedParallelism: true }));
  const fine = { a: { lowerBound: 1, upperBound: 128 }, all: { lowerBound: 1, upperBound: 1 } };

  it('when they fit the job, then they are taken', () => {
    expect(() => checkRequirements(job, fine)).not.toThrow();
  });

  it.each([
    [{ ...fine, c: { lowerBound: 1, upperBound: 1 } }, /vertex c is not one of the job/],
    [{ a: fine.a }, /vertex all \(all\) is missing: name all vertices/],
    [{ ...fine, a: { lowerBound: 3, upperBound: 2 } }, /cannot have from 3 to 2 subtasks/],
    [{ ...fine, a: { lowerBound: 1, upperBound: 129 } }, /has 128 key groups .* cannot have 129 subtasks/],
    [{ ...fine, all: { lowerBound: 2, upperBound: 2 } }, /stays at 1: windows over all records/],
  ])('when they are %j, then they are refused', (requirements, reason) => {
    expect(() => checkRequirements(job, requirements)).toThrow(reason);
  });
});

describe('when a job is rescaled', () => {
  const SETTINGS = { cooldownMs: 30_000, stabilizationMs: 10_000 };
  const p = (n: number): Parallelisms => new Map([['a' as VertexId, n]]);
  const view = (more: Partial<RescaleView>): RescaleView => ({
    current: p(2),
    fitting: p(4),
    ordered: false,
    waits: false,
    ...more,
  });
  /** Looks at the same view at several moments; the moment of the first rescaling. */
  const firstAt = (seen: RescaleView, moments: readonly number[], before: RescaleMemory = NEVER_RESCALED) => {
    let memory = before;
    for (const now of moments) {
      const decision = decideRescale(memory, seen, now, SETTINGS);
      memory = decision.memory;
      if (decision.rescaleTo !== undefined) return now;
    }
    return undefined;
  };
  const MOMENTS = Array.from({ length: 60 }, (_, i) => i * 1_000);

  it('when more slots are there, then once they have been there for a while', () => {
    expect(firstAt(view({}), MOMENTS)).toBe(10_000);
  });

  it('when it was rescaled before, then not again before the cooldown, unless slots are missing', () => {
    const before = { wanted: undefined, rescaledAt: 0 };
    expect(firstAt(view({}), MOMENTS, before)).toBe(30_000);
    expect(firstAt(view({ fitting: p(1), waits: true }), MOMENTS, before)).toBe(10_000);
  });

  it('when it was ordered, then at once', () => {
    expect(firstAt(view({ ordered: true }), MOMENTS, { wanted: undefined, rescaledAt: 0 })).toBe(0);
  });

  it('when there is nothing else to have, or nothing at all, then never', () => {
    expect(firstAt(view({ fitting: p(2), ordered: true }), MOMENTS)).toBeUndefined();
    expect(firstAt(view({ fitting: undefined, waits: true }), MOMENTS)).toBeUndefined();
  });
});
