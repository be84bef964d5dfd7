import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import {
  CountEvictor,
  CountTrigger,
  DataGeneratorSource,
  EventTimeSessionWindows,
  GlobalWindows,
  KeyedProcessFunction,
  SlidingEventTimeWindows,
  Time,
  Trigger,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  defineJob,
} from '../../src/index.ts';
import type {
  AggregateFunction,
  DataStream,
  KeySelector,
  KeyedProcessContext,
  StreamExecutionEnvironment,
  TriggerResult,
} from '../../src/index.ts';

interface Order {
  readonly id: number;
  readonly shop: string;
  readonly at: number;
}

const ORDERS: readonly Order[] = [1, 2, 3].map((id) => ({ id, shop: 'a', at: id * 1_000 }));
const WINDOW = TumblingEventTimeWindows.of(Time.seconds(1));

/** What JavaScript lets through where TypeScript would not. */
const wrong = <T>(value: unknown): T => value as T;

const orders = (env: StreamExecutionEnvironment): DataStream<Order> =>
  env
    .fromCollection(ORDERS)
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forMonotonousTimestamps<Order>().withTimestampAssigner((order) => order.at),
    );

const timed = (env: StreamExecutionEnvironment, time: unknown): DataStream<Order> =>
  env
    .fromCollection(ORDERS)
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forMonotonousTimestamps<Order>().withTimestampAssigner((order) =>
        order.id === 2 ? wrong<number>(time) : order.at,
      ),
    )
    .name('Times of orders');

const NO_MERGE: AggregateFunction<Order, { n: number }, number> = {
  createAccumulator: () => ({ n: 0 }),
  add: (_order, sum) => void (sum.n += 1),
  getResult: ({ n }) => n,
};

/** Everything a job's failure says, over all causes. */
async function failureOf(build: (env: StreamExecutionEnvironment) => void): Promise<string> {
  const configuration = { 'restart-strategy.type': 'none' };
  try {
    await runJob(defineJob('bad', build), { configuration });
  } catch (error) {
    const messages: string[] = [];
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      messages.push(cause.message);
    return messages.join('; ');
  }
  return 'no failure';
}

type Case = readonly [what: string, build: (env: StreamExecutionEnvironment) => unknown, message: RegExp];

const WHILE_BUILDING: readonly Case[] = [
  [
    'a tumbling window of size 0',
    () => TumblingEventTimeWindows.of(0),
    /size of a tumbling window must be a positive/,
  ],
  [
    'an offset as large as the size',
    () => TumblingEventTimeWindows.of(10, 10),
    /offset of a window .* smaller than its size/,
  ],
  [
    'a sliding window with slide 0',
    () => SlidingEventTimeWindows.of(10, 0),
    /slide of a sliding window must be a positive/,
  ],
  [
    'a sliding window whose offset is not below the slide',
    () => SlidingEventTimeWindows.of(10, 5, 5),
    /smaller than its slide/,
  ],
  [
    'a session with a negative gap',
    () => EventTimeSessionWindows.withGap(-1),
    /gap of a session window must be a positive/,
  ],
  [
    'a count window of 0',
    (env) => orders(env).keyBy('shop').countWindow(0),
    /countWindow needs a size and a slide of at least 1, got 0/,
  ],
  [
    'a count window with slide 0',
    (env) => orders(env).keyBy('shop').countWindow(3, 0),
    /countWindow needs a size and a slide of at least 1, got 0/,
  ],
  [
    'a sliding count window of 0',
    (env) => orders(env).keyBy('shop').countWindow(0, 3),
    /countWindow needs a size and a slide of at least 1, got 0/,
  ],
  ['a count trigger of 1.5', () => CountTrigger.of(1.5), /at least 1, got 1.5/],
  [
    'no key',
    (env) => orders(env).keyBy(wrong<'shop'>(undefined)),
    /keyBy takes one function, or names of fields/,
  ],
  [
    'a join without keys',
    (env) => orders(env).join(orders(env)).where(wrong<KeySelector<Order, number>>(undefined)),
    /where\(\) of a join needs a function that returns the key/,
  ],
  [
    'a join with one key',
    (env) =>
      orders(env)
        .coGroup(orders(env))
        .where((order) => order.id)
        .equalTo(wrong('id')),
    /equalTo\(\) of a join needs a function that returns the key.*got string/,
  ],
  [
    'an evictor with an aggregate',
    (env) => orders(env).keyBy('shop').window(WINDOW).evictor(CountEvictor.of(1)).aggregate(NO_MERGE),
    /evictor needs all records of a window: use process\(\)/,
  ],
  [
    'sessions with an aggregate that cannot merge',
    (env) => orders(env).keyBy('shop').window(EventTimeSessionWindows.withGap(5)).aggregate(NO_MERGE),
    /session windows merge: give the AggregateFunction a merge/,
  ],
  [
    'a source without end in BATCH',
    (env) => {
      env.setRuntimeMode('BATCH');
      env.fromSource(
        new DataGeneratorSource({ generate: (n) => n }),
        WatermarkStrategy.noWatermarks<number>(),
        'endless numbers',
      );
    },
    /endless numbers/,
  ],
];

class BadTrigger extends Trigger {
  override onElement(): TriggerResult {
    return wrong('fire');
  }
}

class BadTimer extends KeyedProcessFunction<string, Order, number> {
  override processElement(order: Order, context: KeyedProcessContext<string>): void {
    context.timerService().registerEventTimeTimer(order.id === 2 ? Number.NaN : order.at);
  }
}

const keyed = (env: StreamExecutionEnvironment, key: unknown): unknown =>
  orders(env)
    .keyBy((order) => (order.id === 2 ? wrong<string>(key) : order.shop))
    .reduce((a) => a)
    .collect();

const KEY_ADVICE = /a key must be a string, number, bigint, boolean, null, or an array of these/;

const WHILE_RUNNING: readonly Case[] = [
  [
    'a missing timestamp',
    (env) => timed(env, undefined).collect(),
    /returned undefined: it must return the event time/,
  ],
  ['a timestamp that is NaN', (env) => timed(env, Number.NaN).collect(), /returned NaN/],
  [
    'a timestamp at the end of time',
    (env) => timed(env, 1e300).collect(),
    /returned 1e\+300.*below 9007199254740991/,
  ],
  [
    'a Date for a timestamp',
    (env) => timed(env, new Date(5)).collect(),
    /a Date \(return date.getTime\(\)\)/,
  ],
  ['a key that is undefined', (env) => keyed(env, undefined), /the key of a record is undefined/],
  ['a key that is NaN', (env) => keyed(env, Number.NaN), /the key of a record is NaN/],
  [
    'a key that is an object',
    (env) => keyed(env, { shop: 'a' }),
    /the key of a record is an object \(Object\)/,
  ],
  ['a key that is a promise', (env) => keyed(env, Promise.resolve('a')), /key selectors are synchronous/],
  ['a key with an object in it', (env) => keyed(env, ['a', {}]), KEY_ADVICE],
  [
    'a key selector that throws',
    (env) =>
      orders(env)
        .keyBy((order) => {
          if (order.id === 2) throw new Error('no such shop');
          return order.shop;
        })
        .reduce((a) => a)
        .collect(),
    /no such shop/,
  ],
  [
    'a reduce that returns nothing',
    (env) =>
      orders(env)
        .keyBy('shop')
        .reduce(() => wrong<Order>(undefined))
        .collect(),
    /reduce returned undefined: it must return the reduced value/,
  ],
  [
    'a reduce of a window that returns nothing',
    (env) =>
      orders(env)
        .keyBy('shop')
        .window(TumblingEventTimeWindows.of(Time.seconds(10)))
        .reduce(() => wrong<Order>(undefined))
        .collect(),
    /reduce of a window returned undefined/,
  ],
  [
    'a trigger that returns garbage',
    (env) =>
      orders(env)
        .keyBy('shop')
        .window(GlobalWindows.create())
        .trigger(new BadTrigger())
        .reduce((a) => a)
        .collect(),
    /a trigger returned fire: it must return CONTINUE, FIRE, PURGE or FIRE_AND_PURGE/,
  ],
  [
    'a timer at NaN',
    (env) => orders(env).keyBy('shop').process(new BadTimer()).collect(),
    /a timer needs a finite timestamp in ms, got NaN/,
  ],
  [
    'a watermark generator that returns NaN',
    (env) =>
      env
        .fromCollection(ORDERS)
        .assignTimestampsAndWatermarks(
          WatermarkStrategy.forGenerator<Order>(() => ({
            onEvent: () => {},
            currentWatermark: () => Number.NaN,
          })),
        )
        .collect(),
    /the watermark generator returned NaN/,
  ],
  [
    'a record without time in an event-time window',
    (env) =>
      env
        .fromCollection(ORDERS)
        .keyBy('shop')
        .window(WINDOW)
        .reduce((a) => a)
        .collect(),
    /a record without a timestamp reached an event-time window: assign timestamps/,
  ],
];

describe('bad input', () => {
  it.each(WHILE_BUILDING)(
    'when a job has %s then it is refused before it runs',
    async (_, build, message) => {
      const failure = await failureOf((env) => {
        build(env);
        env.fromCollection([1]).collect('other');
      });
      expect(failure).toMatch(message);
    },
  );

  it.each(WHILE_RUNNING)(
    'when a job meets %s then it fails, naming the operator and what to do',
    async (_, build, message) => {
      const failure = await failureOf(build);
      expect(failure).toMatch(message);
      expect(failure).toMatch(/operator ".+" \(subtask 1\/1\) failed/);
    },
  );

  it.each(WHILE_RUNNING.slice(1, 12))('when a job meets %s then the record is shown', async (_, build) => {
    expect(await failureOf(build)).toMatch(/input record .*"?id"?: ?2/);
  });

  it('when timestamps are negative or far away then they are times like others', async () => {
    const at = [-5_000, -1, 0, 253_402_300_799_999];
    const { collected } = await runJob(
      defineJob('times', (env) => {
        env
          .fromCollection(at)
          .assignTimestampsAndWatermarks(
            WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n),
          )
          .keyBy(() => 'all')
          .window(TumblingEventTimeWindows.of(Time.seconds(1)))
          .process((_key, { window }, elements, out) => {
            out.collect([window.start, [...elements].length]);
          })
          .collect();
      }),
    );
    expect(collected()).toEqual([
      [-5_000, 1],
      [-1_000, 1],
      [0, 1],
      [253_402_300_799_000, 1],
    ]);
  });

  it('when a generator lets its watermark go back then that is ignored and counted', async () => {
    const back = WatermarkStrategy.forGenerator<Order>(() => {
      let last = 0;
      let calls = 0;
      return {
        onEvent: (timestamp) => {
          last = timestamp;
        },
        currentWatermark: () => last - (calls++ % 2) * 10_000,
      };
    }).withTimestampAssigner((order) => order.at);
    const { job, collected } = await runJob(
      defineJob('back', (env) => {
        env
          .fromSource(
            new DataGeneratorSource({ generate: (n) => ({ id: n, shop: 'a', at: n }), count: 20_000 }),
            back,
            'orders',
          )
          .keyBy('shop')
          .window(TumblingEventTimeWindows.of(Time.seconds(10)))
          .aggregate(NO_MERGE)
          .collect();
      }),
    );
    const counted = job.vertices[0]?.subtasks.map(({ counters }) => counters?.numWatermarksBackwards ?? 0);
    expect(counted?.[0]).toBeGreaterThan(5);
    expect(collected()).toEqual([10_000, 10_000]);
  });
});
