import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import { ListStateDescriptor, ValueStateDescriptor } from '../../functions/state.ts';
import type { AggregateFunction, ProcessWindowContext } from '../../functions/window.ts';
import { ProcessWindowFunction } from '../../functions/window.ts';
import type { Collector } from '../../functions/basic.ts';
import { windowOperator } from '../operators/index.ts';
import { ids, oracle, runWindows, sorted } from '../test-support/window-oracle.ts';
import type { Result, Row, Step } from '../test-support/window-oracle.ts';
import { ChainHarness } from '../test-support/chain-harness.ts';
import { EventTimeSessionWindows, SlidingEventTimeWindows, TumblingEventTimeWindows } from './index.ts';
import type { WindowMode } from './index.ts';
import { EventTimeTrigger } from '../../functions/triggers.ts';

const idList: AggregateFunction<Row, number[], number[]> = {
  createAccumulator: () => [],
  add: (row, list) => void list.push(row.id),
  getResult: (list) => [...list],
  merge: (a, b) => [...a, ...b],
};
const withoutMerge: AggregateFunction<Row, number[], number[]> = {
  createAccumulator: () => [],
  add: (row, list) => void list.push(row.id),
  getResult: (list) => [...list],
};

const describeWindow = (
  key: string,
  { window }: ProcessWindowContext,
  results: Iterable<number[]>,
  out: Collector<Result>,
): void => out.collect([key, window.start, window.end, ids([...results].flat())]);

const MODES: Readonly<Record<string, WindowMode>> = {
  aggregate: { aggregate: idList, processFn: describeWindow },
  'aggregate without merge': { aggregate: withoutMerge, processFn: describeWindow },
  reduce: {
    reduce: (a: Row & { ids?: number[] }, b: Row & { ids?: number[] }) => {
      // Changes the accumulated object, as reduce functions may.
      a.ids = [...(a.ids ?? [a.id]), ...(b.ids ?? [b.id])];
      return a;
    },
    processFn: (
      key: string,
      { window }: ProcessWindowContext,
      rows: Iterable<Row & { ids?: number[] }>,
      out: Collector<Result>,
    ) => {
      for (const row of rows) out.collect([key, window.start, window.end, ids(row.ids ?? [row.id])]);
    },
  },
  process: {
    processFn: (key: string, { window }: ProcessWindowContext, rows: Iterable<Row>, out: Collector<Result>) =>
      out.collect([key, window.start, window.end, ids([...rows].map((row) => row.id))]),
  },
};

const streams = fc
  .array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c'),
      fc.integer({ min: -40, max: 120 }),
      fc.integer({ min: 0, max: 5 }),
    ),
    {
      maxLength: 60,
    },
  )
  .map((rows): Step[] => {
    const steps: Step[] = [];
    let highest = Number.NEGATIVE_INFINITY;
    for (const [id, [k, t, dice]] of rows.entries()) {
      steps.push({ row: { k, id, t } });
      highest = Math.max(highest, t);
      if (dice === 0) steps.push({ watermark: highest - 10 });
    }
    return [...steps, { watermark: MAX_WATERMARK }];
  });

const assigners = fc.oneof(
  fc
    .integer({ min: 1, max: 40 })
    .chain((size) =>
      fc.integer({ min: 1 - size, max: size - 1 }).map((offset) => TumblingEventTimeWindows.of(size, offset)),
    ),
  fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20 }))
    .chain(([size, slide]) =>
      fc
        .integer({ min: 1 - slide, max: slide - 1 })
        .map((offset) => SlidingEventTimeWindows.of(size, slide, offset)),
    ),
  fc.integer({ min: 1, max: 25 }).map((gap) => EventTimeSessionWindows.withGap(gap)),
);

describe('windows against an oracle that keeps everything', () => {
  it.each(Object.entries(MODES))(
    'when a random out-of-order stream runs in mode %s, then results and late records are the same',
    async (name, mode) => {
      await fc.assert(
        fc.asyncProperty(
          streams,
          assigners,
          fc.constantFrom(0, 0, 7, 50),
          fc.boolean(),
          fc.boolean(),
          async (steps, assigner, allowedLatenessMs, block, general) => {
            fc.pre(name !== 'aggregate without merge' || assigner.kind !== 'session-event-time');
            // Named, the default trigger makes the general operator do the same work.
            const trigger = general ? { trigger: EventTimeTrigger.create() } : {};
            const got = await runWindows(steps, { assigner, allowedLatenessMs, mode, ...trigger }, block);
            const expected = oracle(steps, assigner, allowedLatenessMs);
            expect(sorted(got.results)).toEqual(sorted(expected.results));
            expect(got.late).toEqual(expected.late);
          },
        ),
        { numRuns: 300 },
      );
    },
  );
});

describe('window operator', () => {
  const counts: AggregateFunction<Row, number, number> = {
    createAccumulator: () => 0,
    add: (_row, count) => count + 1,
    getResult: (count) => count,
    merge: (a, b) => a + b,
  };
  const keySelector = (row: Row): string => row.k;
  const row = (k: string, t: number): Row => ({ k, id: 0, t });

  it('when a window ends, then results come with its last timestamp, in order of keys as they came', async () => {
    const assigner = TumblingEventTimeWindows.of('10 s', -3_000);
    const harness = await ChainHarness.open([
      windowOperator({ keySelector, assigner, mode: { aggregate: counts } }),
    ]);
    harness.push(row('b', 0), 6_999);
    harness.push(row('a', 0), 6_999);
    harness.push(row('a', 0), 7_000);
    harness.watermark(6_998);
    expect(harness.values).toEqual([]);
    harness.watermark(6_999);
    expect(harness.outputs.get('out')).toEqual([
      [1, 6_999],
      [1, 6_999],
    ]);
    harness.end();
    expect(harness.values).toEqual([1, 1, 1]);
  });

  it('when records come too late and no tag is given, then they are counted and dropped', async () => {
    const assigner = TumblingEventTimeWindows.of(10);
    const harness = await ChainHarness.open([
      windowOperator({ keySelector, assigner, mode: { aggregate: counts } }),
    ]);
    harness.watermark(50);
    harness.push(row('a', 0), 49);
    harness.push(row('a', 0), 50);
    harness.end();
    expect([harness.values, harness.counters.numLateRecordsDropped]).toEqual([[1], 1]);
  });

  it('when no key selector is given, then all records share the windows', async () => {
    const assigner = SlidingEventTimeWindows.of(10, 5);
    const harness = await ChainHarness.open([windowOperator({ assigner, mode: { aggregate: counts } })]);
    for (const [k, t] of [
      ['a', 1],
      ['b', 6],
      ['c', 7],
    ] as const)
      harness.push(row(k, t), t);
    harness.end();
    expect(harness.values).toEqual([1, 3, 2]);
  });

  it('when a record has no timestamp, then the error says how to assign one', async () => {
    const harness = await ChainHarness.open([
      windowOperator({
        keySelector,
        assigner: EventTimeSessionWindows.withGap(5),
        mode: { aggregate: counts },
      }),
    ]);
    expect(() => harness.push(row('a', 0), NO_TIMESTAMP)).toThrow('WatermarkStrategy');
  });

  it('when a process function keeps state per window and per key, then clear gets both and window state is dropped', async () => {
    const log: unknown[] = [];
    class Fires extends ProcessWindowFunction<Row, string, string> {
      process(key: string, context: ProcessWindowContext, rows: Iterable<Row>, out: Collector<string>): void {
        const perWindow = context.windowState().getState(new ValueStateDescriptor('fires', 0));
        const ever = context.globalState().getListState(new ListStateDescriptor<number>('ends'));
        perWindow.update((perWindow.value() ?? 0) + 1);
        ever.add(context.window.end);
        out.collect(
          `${key} ${[...rows].length} rows, fired ${perWindow.value()} times, ends ${ever.get().join(',')}`,
        );
      }
      override clear(key: string, context: ProcessWindowContext): void {
        const perWindow = context.windowState().getState(new ValueStateDescriptor('fires', 0));
        log.push([key, context.window.end, perWindow.value(), context.currentWatermark()]);
      }
    }
    const assigner = TumblingEventTimeWindows.of(10);
    const harness = await ChainHarness.open([
      windowOperator({ keySelector, assigner, mode: { processFn: new Fires() }, allowedLatenessMs: 20 }),
    ]);
    harness.push(row('a', 1), 1);
    harness.watermark(9);
    harness.push(row('a', 2), 2);
    harness.push(row('a', 12), 12);
    harness.watermark(29);
    harness.push(row('a', 3), 3);
    harness.end();
    expect(harness.values).toEqual([
      'a 1 rows, fired 1 times, ends 10',
      'a 2 rows, fired 2 times, ends 10,10',
      'a 1 rows, fired 1 times, ends 10,10,20',
    ]);
    expect(log).toEqual([
      ['a', 10, 2, 29],
      ['a', 20, 1, MAX_WATERMARK],
    ]);
    expect(harness.counters.numLateRecordsDropped).toBe(1);
  });

  it.each([
    ['size of a tumbling window', () => TumblingEventTimeWindows.of(0)],
    ['size of a sliding window', () => SlidingEventTimeWindows.of(-1, 5)],
    ['slide of a sliding window', () => SlidingEventTimeWindows.of(5, 0)],
    ['gap of a session window', () => EventTimeSessionWindows.withGap(-5)],
    ['offset of a window', () => TumblingEventTimeWindows.of(5, 5)],
    ['offset of a window', () => SlidingEventTimeWindows.of(10, 5, -5)],
    ['must be a positive whole number', () => TumblingEventTimeWindows.of(0.5)],
    [
      'lateness must not be negative',
      () =>
        windowOperator({
          assigner: TumblingEventTimeWindows.of(5),
          mode: { aggregate: counts },
          allowedLatenessMs: -1,
        }),
    ],
    [
      'merge(a, b)',
      () =>
        windowOperator({ assigner: EventTimeSessionWindows.withGap(5), mode: { aggregate: withoutMerge } }),
    ],
    [
      'add is missing',
      () =>
        windowOperator({
          assigner: TumblingEventTimeWindows.of(5),
          mode: { aggregate: { ...counts, add: undefined as never } },
        }),
    ],
    [
      'sliding windows',
      () => windowOperator({ assigner: SlidingEventTimeWindows.of('1 d', 1), mode: { aggregate: counts } }),
    ],
  ])('when options are wrong (%s), then building is refused', (message, build) => {
    expect(build).toThrow(message);
  });
});
