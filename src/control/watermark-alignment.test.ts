import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VertexId } from '../base/ids.ts';
import { ALIGNMENT_REPORTS_MISSED } from '../base/limits.ts';
import { MIN_WATERMARK } from '../base/time.ts';
import type { JobGraph, JobVertex } from '../graph/job-graph.ts';
import { WatermarkAlignment } from './watermark-alignment.ts';
import type { WatermarkReport } from './watermark-alignment.ts';

const INTERVAL_MS = 2_000;
const SILENCE_MS = ALIGNMENT_REPORTS_MISSED * INTERVAL_MS;
const vertexId = (name: string): VertexId => name as VertexId;

function vertex(id: string, parallelism: number, alignmentGroup?: string): JobVertex {
  return {
    id: vertexId(id),
    name: id,
    parallelism,
    maxParallelism: 128,
    slotSharingGroup: 'default',
    isSource: true,
    operators: [],
    ...(alignmentGroup === undefined ? {} : { alignmentGroup }),
  };
}

/** Sources a (two subtasks) and b in one group, c alone in another, d in none. */
const GRAPH: JobGraph = {
  name: 'job',
  graphHash: '',
  edges: [],
  vertices: [vertex('a', 2, 'group'), vertex('b', 1, 'group'), vertex('c', 1, 'other'), vertex('d', 1)],
};

function report(id: string, subtaskIndex: number, watermark?: number, attempt = 0): WatermarkReport {
  return { vertexId: vertexId(id), subtaskIndex, attempt, watermark, intervalMs: INTERVAL_MS };
}

/** All of the group have been heard at 0: a0 at 10, a1 at 20, b at 30. */
function heard(): WatermarkAlignment {
  const alignment = new WatermarkAlignment(GRAPH);
  alignment.report(report('a', 0, 10), 0);
  alignment.report(report('a', 1, 20), 0);
  alignment.report(report('b', 0, 30), 0);
  return alignment;
}

describe('WatermarkAlignment', () => {
  it('when all have reported then each hears the smallest watermark of the others', () => {
    const alignment = heard();
    expect(alignment.report(report('b', 0, 30), 1)).toBe(10);
    expect(alignment.report(report('a', 0, 10), 1)).toBe(20);
    expect(alignment.report(report('a', 0, 40), 1)).toBe(20);
    expect(alignment.report(report('a', 1, 20), 1)).toBe(30);
  });

  it('when some were never heard then the others wait, but not for ever', () => {
    const alignment = new WatermarkAlignment(GRAPH);
    expect(alignment.report(report('a', 0, 10), 0)).toBe(MIN_WATERMARK);
    expect(alignment.report(report('b', 0, 30), SILENCE_MS - 1)).toBe(MIN_WATERMARK);
    expect(alignment.report(report('b', 0, 30), SILENCE_MS)).toBeUndefined();
  });

  it('when a source is alone in its group, or in none, then nobody holds it back', () => {
    const alignment = heard();
    expect(alignment.report(report('c', 0, 5), 1)).toBeUndefined();
    expect(alignment.report(report('d', 0, 5), 1)).toBeUndefined();
  });

  it('when one is idle or has read everything then it holds nobody back', () => {
    const alignment = heard();
    alignment.report(report('a', 0), 1);
    expect(alignment.report(report('b', 0, 30), 1)).toBe(20);
    alignment.stopped(report('a', 1), true);
    expect(alignment.report(report('b', 0, 30), 1)).toBeUndefined();
  });

  it('when one finishes that was never heard then nobody waits for it', () => {
    const alignment = new WatermarkAlignment(GRAPH);
    alignment.stopped(report('a', 0), true);
    alignment.stopped(report('a', 1), true);
    expect(alignment.report(report('b', 0, 30), 0)).toBeUndefined();
  });

  it('when one falls silent then it holds the others back for ten intervals', () => {
    const alignment = heard();
    alignment.report(report('a', 1, 20), SILENCE_MS - 1);
    expect(alignment.report(report('b', 0, 30), SILENCE_MS - 1)).toBe(10);
    expect(alignment.report(report('b', 0, 30), SILENCE_MS)).toBe(20);
  });

  it('when one fails then the others wait for its next attempt, for ten intervals, and the old one is not heard', () => {
    const alignment = heard();
    alignment.stopped(report('a', 0), false);
    expect(alignment.report(report('b', 0, 30), 2)).toBe(MIN_WATERMARK);
    alignment.report(report('a', 0, 5, 1), 3);
    alignment.report(report('a', 0, 99, 0), 4);
    alignment.stopped(report('a', 0, 99, 0), true);
    expect(alignment.report(report('b', 0, 30), 4)).toBe(5);
    const failed = heard();
    failed.stopped(report('a', 0), false);
    failed.report(report('a', 1, 20), 2);
    expect(failed.report(report('b', 0, 30), SILENCE_MS)).toBe(20);
  });

  it('when reports come and are lost in any order then whoever is last may always go on', () => {
    const steps = fc.array(
      fc.record({
        member: fc.integer({ min: 0, max: 2 }),
        forward: fc.integer({ min: 0, max: 50 }),
        lost: fc.boolean(),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 20 }), (moves, drift) => {
        const alignment = new WatermarkAlignment(GRAPH);
        const at = [0, 0, 0];
        const limits = [0, 0, 0].map(() => MIN_WATERMARK);
        const tell = (member: number): void => {
          const [id, index] = member < 2 ? ['a', member] : ['b', 0];
          const others = alignment.report(report(id as string, index as number, at[member]), 0);
          limits[member] = (others ?? Number.POSITIVE_INFINITY) + drift;
        };
        for (const { member, forward, lost } of moves) {
          if ((at[member] as number) <= (limits[member] as number))
            at[member] = (at[member] as number) + forward;
          // A step of `forward` at a time goes beyond the limit by no more than that.
          expect(Math.max(...at) - Math.min(...at)).toBeLessThanOrEqual(drift + 50);
          if (!lost) tell(member);
        }
        for (const member of [0, 1, 2]) tell(member);
        const last = at.indexOf(Math.min(...at));
        tell(last);
        expect(at[last]).toBeLessThanOrEqual(limits[last] as number);
      }),
    );
  });
});
