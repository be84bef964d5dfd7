import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Collector } from '../../functions/basic.ts';
import type { AggregateFunction, ProcessWindowContext } from '../../functions/window.ts';
import { MAX_WATERMARK } from '../../base/time.ts';
import { ids, oracle, runWindows, sorted } from '../test-support/window-oracle.ts';
import type { Result, Row, Step } from '../test-support/window-oracle.ts';
import { foldOf } from './fold.ts';
import { SlidingEventTimeWindows } from './index.ts';
import type { WindowMode } from './index.ts';
import { ContentMerger } from './merge-contents.ts';
import type { Content } from './merge-contents.ts';
import { PaneLayout } from './pane-layout.ts';
import { SlidingMerge } from './sliding-merge.ts';

/** Merges in place, so that an accumulator merged into by mistake shows. */
const inPlace: AggregateFunction<Row, number[], number[]> = {
  createAccumulator: () => [],
  add: (row, list) => void list.push(row.id),
  getResult: (list) => [...list],
  merge: (a, b) => {
    a.push(...b);
    return a;
  },
};

const modes: Readonly<Record<string, WindowMode>> = {
  aggregate: {
    aggregate: inPlace,
    processFn: (
      key: string,
      { window }: ProcessWindowContext,
      results: Iterable<number[]>,
      out: Collector<Result>,
    ): void => out.collect([key, window.start, window.end, ids([...results].flat())]),
  },
  process: {
    processFn: (
      key: string,
      { window }: ProcessWindowContext,
      rows: Iterable<Row>,
      out: Collector<Result>,
    ): void => out.collect([key, window.start, window.end, ids([...rows].map((row) => row.id))]),
  },
};

/** Mostly forward, with disorder, leaps over whole windows and keys that come and go. */
const streams = fc
  .array(
    fc.record({
      k: fc.constantFrom('a', 'b', 'c', 'd'),
      step: fc.oneof(
        { weight: 12, arbitrary: fc.integer({ min: -3, max: 6 }) },
        { weight: 2, arbitrary: fc.integer({ min: -60, max: 60 }) },
        { weight: 1, arbitrary: fc.constantFrom(150, 700) },
      ),
      behind: fc.constantFrom(undefined, undefined, 0, 5, 40),
    }),
    { maxLength: 120 },
  )
  .map((moves): Step[] => {
    const steps: Step[] = [];
    let t = 0;
    let highest = 0;
    for (const [id, { k, step, behind }] of moves.entries()) {
      t += step;
      highest = Math.max(highest, t);
      steps.push({ row: { k, id, t } });
      if (behind !== undefined) steps.push({ watermark: highest - behind });
    }
    return [...steps, { watermark: MAX_WATERMARK }];
  });

const manyPanes = fc
  .record({ slide: fc.integer({ min: 1, max: 12 }), panes: fc.integer({ min: 9, max: 90 }) })
  .chain(({ slide, panes }) =>
    fc
      .record({
        extra: fc.integer({ min: 0, max: slide - 1 }),
        offset: fc.integer({ min: 0, max: slide - 1 }),
      })
      .map(({ extra, offset }) => SlidingEventTimeWindows.of(slide * panes + extra, slide, offset)),
  );

describe('SlidingMerge', () => {
  it.each(Object.entries(modes))(
    'when windows of many panes slide over a disordered stream in mode %s, then each holds what an oracle says',
    async (_name, mode) => {
      await fc.assert(
        fc.asyncProperty(
          streams,
          manyPanes,
          fc.constantFrom(0, 0, 20, 300),
          fc.boolean(),
          async (steps, assigner, allowedLatenessMs, block) => {
            const got = await runWindows(steps, { assigner, allowedLatenessMs, mode }, block);
            const expected = oracle(steps, assigner, allowedLatenessMs);
            expect(sorted(got.results)).toEqual(sorted(expected.results));
            expect(got.late).toEqual(expected.late);
          },
        ),
        { numRuns: 150 },
      );
    },
  );

  it('when a window of 600 panes slides by one, then a key is merged a few times, not 600 times', () => {
    let merges = 0;
    const counting: AggregateFunction<number, number, number> = {
      createAccumulator: () => 0,
      add: (value, sum) => sum + value,
      getResult: (sum) => sum,
      merge: (a, b) => {
        merges += 1;
        return a + b;
      },
    };
    const panes = new Map<number, ReadonlyMap<string, Content>>();
    const merger = new ContentMerger(foldOf({ aggregate: counting }, true));
    const sliding = new SlidingMerge(new PaneLayout(600, 1, 0, true), merger, (pane) => panes.get(pane));
    const windows = 3_000;
    for (let end = 1; end <= windows; end += 1) {
      panes.set(end, new Map([['a', { value: 1 }]]));
      panes.delete(end - 600);
      expect(sliding.contents(end).get('a')?.value).toBe(Math.min(end, 600));
    }
    expect(merges / windows).toBeLessThan(12);
  });

  it('when a merge returns what another pane holds, then that pane stays as it is', () => {
    const larger = {
      reduce: (a: { n: number; of: number }, b: { n: number; of: number }) => {
        if (b.n > a.n) return b;
        a.of += 1;
        return a;
      },
    };
    const merger = new ContentMerger(foldOf({ reduce: larger }, false));
    const panes = [1, 3, 2].map((n) => new Map([['a', { value: { n, of: 1 } }]]));
    const merged = merger.remerge(new Map(), 'a', panes);
    expect(merged?.value).toEqual({ n: 3, of: 2 });
    expect(panes[1]?.get('a')?.value).toEqual({ n: 3, of: 1 });
  });
});
