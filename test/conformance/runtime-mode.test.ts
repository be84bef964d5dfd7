import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import {
  CountTrigger,
  DataGeneratorSource,
  EventTimeSessionWindows,
  GlobalWindows,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  MapStateDescriptor,
  ProcessFunction,
  SlidingEventTimeWindows,
  Time,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  ValueStateDescriptor,
  WatermarkStrategy,
  defineJob,
} from '../../src/index.ts';
import type {
  BroadcastContext,
  Collector,
  DataStream,
  KeyedProcessContext,
  OnTimerContext,
  ProcessContext,
  ProcessWindowContext,
  ReadOnlyBroadcastContext,
  RuntimeContext,
  RuntimeExecutionMode,
  StreamExecutionEnvironment,
  ValueState,
} from '../../src/index.ts';

interface Sale {
  readonly shop: string;
  readonly amount: number;
  readonly at: number;
}

const SALES: readonly Sale[] = Array.from({ length: 60 }, (_, i) => ({
  shop: 'dacbe'[(i * 7) % 5] as string,
  amount: (i * 13) % 17,
  at: i * 100 + (i % 3 === 0 ? -150 : 0) + 1_000,
}));

const BY_TIME = WatermarkStrategy.forBoundedOutOfOrderness<Sale>(500).withTimestampAssigner(
  (sale) => sale.at,
);

type Build = (env: StreamExecutionEnvironment) => void;

async function rows<T>(build: Build, mode: RuntimeExecutionMode, parallelism = 1): Promise<readonly T[]> {
  const configuration = { 'execution.runtime-mode': mode };
  const { collected } = await runJob(defineJob('test', build), { parallelism, configuration });
  if (mode === 'BATCH' && parallelism === 1) await expectSameWithoutMemory(build, collected<T>());
  return collected<T>();
}

/** What does not fit into memory comes out as what does: here nearly nothing fits. */
async function expectSameWithoutMemory(build: Build, wanted: readonly unknown[]): Promise<void> {
  const configuration = { 'execution.runtime-mode': 'BATCH', 'execution.sorted-inputs.memory': '1 kb' };
  const { collected } = await runJob(defineJob('test', build), { configuration });
  expect(collected()).toEqual(wanted);
}

const sales = (env: StreamExecutionEnvironment): DataStream<Sale> =>
  env.fromCollection(SALES).assignTimestampsAndWatermarks(BY_TIME);

const sorted = (values: readonly unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort();

type WindowRow = readonly [string, number, number, number];

function sumWindow(
  key: string,
  { window }: ProcessWindowContext,
  elements: Iterable<Sale>,
  out: Collector<WindowRow>,
): void {
  const sum = [...elements].reduce((total, sale) => total + sale.amount, 0);
  out.collect([key, window.start, window.end, sum]);
}

/** Emits each record with its count in the key, and at a timer the key's count so far. */
class Counting extends KeyedProcessFunction<string, Sale, string> {
  #count!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.#count = context.getState(new ValueStateDescriptor('count', 0));
  }

  processElement(sale: Sale, context: KeyedProcessContext<string>, out: Collector<string>): void {
    const count = (this.#count.value() ?? 0) + 1;
    this.#count.update(count);
    context.timerService().registerEventTimeTimer(1_000_000);
    out.collect(
      `${sale.shop} ${count} at ${sale.at}, watermark ${context.timerService().currentWatermark()}`,
    );
  }

  override onTimer(timestamp: number, context: OnTimerContext<string>, out: Collector<string>): void {
    out.collect(`${context.getCurrentKey()} ends with ${this.#count.value()} at ${timestamp}`);
  }
}

describe('execution.runtime-mode BATCH', () => {
  it('when a keyed stream is reduced then each key gives one value, the last of STREAMING, in the order of keys', async () => {
    const build: Build = (env) => sales(env).keyBy('shop').sum('amount').collect();
    const last = new Map((await rows<Sale>(build, 'STREAMING')).map((row) => [row.shop, row]));
    const batch = await rows<Sale>(build, 'BATCH');
    expect(batch.map((row) => row.shop)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(batch).toEqual([...last.values()].toSorted((a, b) => (a.shop < b.shop ? -1 : 1)));
    // In parallel, which record of a key comes first, and gives the other fields, is open.
    const sums = (values: readonly Sale[]): string[] =>
      sorted(values.map(({ shop, amount }) => [shop, amount]));
    expect(sums(await rows<Sale>(build, 'BATCH', 4))).toEqual(sums(batch));
  });

  it.each([
    ['tumbling', TumblingEventTimeWindows.of(Time.seconds(1))],
    ['sliding', SlidingEventTimeWindows.of(Time.seconds(2), Time.milliseconds(500))],
    ['session', EventTimeSessionWindows.withGap(Time.milliseconds(450))],
  ])(
    'when %s windows run then they give what STREAMING gives, sorted by key and then by window',
    async (_, windows) => {
      const build: Build = (env) =>
        sales(env)
          .keyBy((sale) => sale.shop)
          .window(windows)
          .process(sumWindow)
          .collect();
      const streaming = await rows<WindowRow>(build, 'STREAMING');
      const batch = await rows<WindowRow>(build, 'BATCH');
      const wanted = streaming.toSorted((a, b) =>
        a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1] || a[2] - b[2],
      );
      expect(streaming.length).toBeGreaterThan(10);
      expect(batch).toEqual(wanted);
      expect(sorted(await rows<WindowRow>(build, 'BATCH', 4))).toEqual(sorted(batch));
    },
  );

  it('when windows of wall time, of counts or over all records run then each record is in one result', async () => {
    const total = SALES.reduce((sum, sale) => sum + sale.amount, 0);
    const sumOf = (values: readonly WindowRow[]): number => values.reduce((sum, row) => sum + row[3], 0);
    const byWallTime = await rows<WindowRow>(
      (env) =>
        sales(env)
          .keyBy((sale) => sale.shop)
          .window(TumblingProcessingTimeWindows.of(Time.hours(1)))
          .process(sumWindow)
          .collect(),
      'BATCH',
      2,
    );
    expect(sumOf(byWallTime)).toBe(total);
    const all = await rows<WindowRow>(
      (env) =>
        sales(env)
          .windowAll(TumblingEventTimeWindows.of(Time.hours(1)))
          .process((_key, context, elements: Iterable<Sale>, out: Collector<WindowRow>) =>
            sumWindow('all', context, elements, out),
          )
          .collect(),
      'BATCH',
    );
    expect(all).toEqual([['all', 0, 3_600_000, total]]);
    const counts = await rows<number>(
      (env) =>
        sales(env)
          .keyBy((sale) => sale.shop)
          .window(GlobalWindows.create())
          .trigger(CountTrigger.of(12))
          .process((_key, _context, elements: Iterable<Sale>, out: Collector<number>) =>
            out.collect([...elements].length),
          )
          .collect(),
      'BATCH',
    );
    expect(counts).toEqual([12, 12, 12, 12, 12]);
  });

  it('when a keyed process function runs then keys come one after the other, by time, each with its timers', async () => {
    const got = await rows<string>(
      (env) =>
        sales(env)
          .keyBy((sale) => sale.shop)
          .process(new Counting())
          .collect(),
      'BATCH',
    );
    const wanted: string[] = [];
    for (const shop of ['a', 'b', 'c', 'd', 'e']) {
      const own = SALES.filter((sale) => sale.shop === shop).toSorted((a, b) => a.at - b.at);
      for (const [i, sale] of own.entries()) {
        wanted.push(`${shop} ${i + 1} at ${sale.at}, watermark ${Number.MIN_SAFE_INTEGER}`);
      }
      wanted.push(`${shop} ends with ${own.length} at 1000000`);
    }
    expect(got).toEqual(wanted);
  });

  it('when operators follow each other then the second sees all that the first emitted at the end', async () => {
    const build: Build = (env) =>
      sales(env)
        .keyBy((sale) => sale.shop)
        .window(TumblingEventTimeWindows.of(Time.seconds(1)))
        .sum('amount')
        .keyBy((sale) => sale.shop)
        .window(TumblingEventTimeWindows.of(Time.seconds(3)))
        .process(sumWindow)
        .collect();
    const batch = await rows<WindowRow>(build, 'BATCH', 2);
    expect(sorted(batch)).toEqual(sorted(await rows<WindowRow>(build, 'STREAMING', 2)));
    expect(batch.reduce((sum, row) => sum + row[3], 0)).toBe(
      SALES.reduce((sum, sale) => sum + sale.amount, 0),
    );
  });

  it('when two keyed streams are connected then a key sees both inputs by time before the next key', async () => {
    class Log extends KeyedCoProcessFunction<string, Sale, Sale, string> {
      processElement1(sale: Sale, _context: ProcessContext, out: Collector<string>): void {
        out.collect(`${sale.shop} left ${sale.at}`);
      }
      processElement2(sale: Sale, _context: ProcessContext, out: Collector<string>): void {
        out.collect(`${sale.shop} right ${sale.at}`);
      }
    }
    const got = await rows<string>((env) => {
      const left = sales(env)
        .filter((sale) => sale.amount % 2 === 0)
        .keyBy((sale) => sale.shop);
      const right = sales(env)
        .filter((sale) => sale.amount % 2 === 1)
        .keyBy((sale) => sale.shop);
      left.connect(right).process(new Log()).collect();
    }, 'BATCH');
    const wanted = SALES.toSorted((a, b) => (a.shop < b.shop ? -1 : a.shop > b.shop ? 1 : a.at - b.at)).map(
      (sale) => `${sale.shop} ${sale.amount % 2 === 0 ? 'left' : 'right'} ${sale.at}`,
    );
    expect(got).toEqual(wanted);
  });

  it('when a broadcast stream is connected then its records come before those of every key', async () => {
    const names = new MapStateDescriptor<string, string>('names');
    class Named extends KeyedBroadcastProcessFunction<string, Sale, readonly [string, string], string> {
      processElement(
        sale: Sale,
        context: KeyedProcessContext<string> & ReadOnlyBroadcastContext,
        out: Collector<string>,
      ): void {
        out.collect(`${context.getBroadcastState(names).get(sale.shop)}`);
      }
      processBroadcastElement(value: readonly [string, string], context: BroadcastContext): void {
        context.getBroadcastState(names).put(value[0], value[1]);
      }
    }
    const got = await rows<string>(
      (env) => {
        const pairs = env
          .fromCollection(['a', 'b', 'c', 'd', 'e'].map((shop) => [shop, shop.toUpperCase()] as const))
          .broadcast(names);
        sales(env)
          .keyBy((sale) => sale.shop)
          .connect(pairs)
          .process(new Named())
          .collect();
      },
      'BATCH',
      2,
    );
    expect(sorted(got)).toEqual(sorted(SALES.map((sale) => sale.shop.toUpperCase())));
  });

  it('when keys are of any kind then results come in the order of keys', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer(), fc.string()), { maxLength: 40 }), async (keys) => {
        const got = await rows<readonly [number, string]>(
          (env) =>
            env
              .fromCollection(keys)
              .keyBy((key) => key)
              .reduce((first) => first)
              .collect(),
          'BATCH',
        );
        const unique = new Map(keys.map((key) => [JSON.stringify(key), key])).values();
        expect(got).toEqual(
          [...unique].toSorted((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0)),
        );
      }),
      { numRuns: 15 },
    );
  });
});

describe('execution.runtime-mode', () => {
  const endless: Build = (env) =>
    void env
      .fromSource(
        new DataGeneratorSource({ generate: (index) => index }),
        WatermarkStrategy.noWatermarks(),
        'Clicks',
      )
      .collect();

  it('when the mode is BATCH and a source is unbounded then the job is refused, naming the source', async () => {
    await expect(rows(endless, 'BATCH')).rejects.toThrow('source "Clicks" is unbounded');
  });

  it('when the mode is AUTOMATIC then a bounded job runs as BATCH', async () => {
    const build: Build = (env) => sales(env).keyBy('shop').sum('amount').collect();
    expect(await rows(build, 'AUTOMATIC')).toEqual(await rows(build, 'BATCH'));
  });

  it('when the job sets its mode then that wins over the configuration', async () => {
    const build: Build = (env) => sales(env.setRuntimeMode('BATCH')).keyBy('shop').sum('amount').collect();
    expect(await rows(build, 'STREAMING')).toHaveLength(5);
  });

  it('when the mode is BATCH then sources send no watermark before their end', async () => {
    class Watermarks extends ProcessFunction<Sale, number> {
      processElement(_sale: Sale, context: ProcessContext, out: Collector<number>): void {
        out.collect(context.timerService().currentWatermark());
      }
    }
    const got = await rows<number>((env) => sales(env).process(new Watermarks()).collect(), 'BATCH');
    expect(new Set(got)).toEqual(new Set([Number.MIN_SAFE_INTEGER]));
  });
});
