import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import {
  CollectionSource,
  EventTimeSessionWindows,
  KeyedProcessFunction,
  ListStateDescriptor,
  MapStateDescriptor,
  OutputTag,
  ProcessFunction,
  RichFlatMapFunction,
  RichMapFunction,
  SlidingEventTimeWindows,
  Time,
  TumblingEventTimeWindows,
  ValueStateDescriptor,
  WatermarkStrategy,
  defineJob,
} from '../../src/index.ts';
import type {
  Collector,
  KeyedProcessContext,
  OnTimerContext,
  ProcessContext,
  RuntimeContext,
  StreamExecutionEnvironment,
  ValueState,
} from '../../src/index.ts';

interface Sale {
  readonly shop: string;
  readonly amount: number;
  readonly at: number;
}

const SALES: readonly Sale[] = [
  { shop: 'a', amount: 5, at: 100 },
  { shop: 'b', amount: 7, at: 200 },
  { shop: 'a', amount: 3, at: 900 },
  { shop: 'b', amount: 1, at: 1_100 },
  { shop: 'a', amount: 8, at: 1_200 },
  { shop: 'a', amount: 2, at: 3_500 },
];

const BY_TIME = WatermarkStrategy.forMonotonousTimestamps<Sale>().withTimestampAssigner((sale) => sale.at);

/** A source that hands over one record at a time, so that the watermark advances with each. */
function oneByOne<T>(values: readonly T[]): CollectionSource<T> {
  const source = new CollectionSource(values);
  const createReader = source.createReader.bind(source);
  source.createReader = (context) => {
    const reader = createReader(context);
    const poll = reader.poll.bind(reader);
    reader.poll = () => poll(1);
    return reader;
  };
  return source;
}

/** Rows that a job collects, at a parallelism; compared without regard to order unless it is 1. */
async function rows<T>(
  build: (env: StreamExecutionEnvironment) => void,
  parallelism = 2,
  seed = 1,
): Promise<readonly T[]> {
  const { collected } = await runJob(defineJob('test', build), { parallelism, seed });
  return collected<T>();
}

function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}

describe('stateless operators', () => {
  it('when map, filter and flatMap are chained then each record passes them in turn', async () => {
    const got = await rows<number>(
      (env) =>
        env
          .fromCollection([1, 2, 3, 4])
          .map((n) => n * 10)
          .filter((n) => n !== 20)
          .flatMap((n) => [n, n + 1])
          .collect(),
      1,
    );
    expect(got).toEqual([10, 11, 30, 31, 40, 41]);
  });

  it('when a flatMap emits through its collector then that counts like returning', async () => {
    const got = await rows<string>(
      (env) =>
        env
          .fromCollection(['ab', 'c'])
          .flatMap((word, out: Collector<string>) => {
            for (const letter of word) out.collect(letter);
          })
          .collect(),
      1,
    );
    expect(got).toEqual(['a', 'b', 'c']);
  });

  it('when rich functions are used then open comes first, with the context, and close last', async () => {
    class Numbered extends RichMapFunction<string, string> {
      #prefix = '';
      override open(context: RuntimeContext): void {
        this.#prefix = `${context.indexOfThisSubtask}/${context.numberOfParallelSubtasks}`;
      }
      map(value: string): string {
        return `${this.#prefix} ${value}`;
      }
    }
    const got = await rows<string>((env) => env.fromCollection(['x']).global().map(new Numbered()).collect());
    expect(got).toEqual(['0/2 x']);
  });

  it('when a process function uses a side output then both streams go their way', async () => {
    const odd = new OutputTag<number>('odd');
    class Split extends ProcessFunction<number, number> {
      processElement(value: number, context: ProcessContext, out: Collector<number>): void {
        if (value % 2 === 0) out.collect(value);
        else context.output(odd, value);
      }
    }
    const { collected } = await runJob(
      defineJob('sides', (env) => {
        const evens = env.fromCollection([1, 2, 3, 4]).process(new Split());
        evens.collect('even');
        evens
          .getSideOutput(odd)
          .map((n) => -n)
          .collect('odd');
      }),
    );
    expect(collected('even')).toEqual([2, 4]);
    expect(collected('odd')).toEqual([-1, -3]);
  });
});

describe('partitioning', () => {
  const partitionings = {
    rebalance: (env: StreamExecutionEnvironment) => env.fromCollection([1, 2, 3, 4, 5, 6]).rebalance(),
    rescale: (env: StreamExecutionEnvironment) => env.fromCollection([1, 2, 3, 4, 5, 6]).rescale(),
    shuffle: (env: StreamExecutionEnvironment) => env.fromCollection([1, 2, 3, 4, 5, 6]).shuffle(),
    global: (env: StreamExecutionEnvironment) => env.fromCollection([1, 2, 3, 4, 5, 6]).global(),
    custom: (env: StreamExecutionEnvironment) =>
      env.fromCollection([1, 2, 3, 4, 5, 6]).partitionCustom(
        (key: number, n) => key % n,
        (value) => value,
      ),
  };

  it.each(Object.entries(partitionings))(
    'when a stream is partitioned by %s then each record arrives once',
    async (_, partitioned) => {
      const got = await rows<number>(
        (env) =>
          partitioned(env)
            .map((n) => n)
            .collect(),
        3,
      );
      expect(got.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    },
  );

  it('when a stream is broadcast then every subtask gets every record', async () => {
    const got = await rows<number>(
      (env) =>
        env
          .fromCollection([1, 2])
          .broadcast()
          .map((n) => n)
          .collect(),
      3,
    );
    expect(got.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it('when streams are joined by union then the records of all arrive', async () => {
    const got = await rows<number>((env) => {
      const one = env.fromCollection([1, 2]);
      const two = env.fromCollection([3]);
      one
        .union(two, env.fromCollection([4]))
        .map((n) => n)
        .collect();
    });
    expect(got.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  });
});

describe('keyed streams', () => {
  it('when values are reduced and summed then each record brings the value so far', async () => {
    const sums = await rows<Sale>((env) => env.fromCollection(SALES).keyBy('shop').sum('amount').collect());
    expect(sorted(sums.map(({ shop, amount }) => [shop, amount]))).toEqual(
      sorted([
        ['a', 5],
        ['a', 8],
        ['a', 16],
        ['a', 18],
        ['b', 7],
        ['b', 8],
      ]),
    );
    const longest = await rows<string>((env) =>
      env
        .fromCollection(['x', 'xyz', 'xy'])
        .keyBy(() => 0)
        .reduce((a, b) => (b.length > a.length ? b : a))
        .collect(),
    );
    expect(longest).toEqual(['x', 'xyz', 'xyz']);
  });

  it('when min, max, minBy and maxBy differ in what they keep of the record then as in Flink', async () => {
    const last = async (aggregation: 'min' | 'minBy' | 'max' | 'maxBy'): Promise<unknown> => {
      const ofShopA = SALES.filter((sale) => sale.shop === 'a');
      const all = await rows(
        (env) => env.fromCollection(ofShopA).keyBy('shop')[aggregation]('amount').collect(),
        1,
      );
      return all.at(-1);
    };
    expect(await last('min')).toEqual({ shop: 'a', amount: 2, at: 100 });
    expect(await last('minBy')).toEqual({ shop: 'a', amount: 2, at: 3_500 });
    expect(await last('max')).toEqual({ shop: 'a', amount: 8, at: 100 });
    expect(await last('maxBy')).toEqual({ shop: 'a', amount: 8, at: 1_200 });
  });

  it('when a rich function runs on a keyed stream then its state is per key', async () => {
    class Count extends RichFlatMapFunction<Sale, string> {
      #count: ValueState<number> | undefined;
      override open(context: RuntimeContext): void {
        this.#count = context.getState(new ValueStateDescriptor('count', 0));
      }
      flatMap(sale: Sale, out: Collector<string>): void {
        const count = (this.#count?.value() ?? 0) + 1;
        this.#count?.update(count);
        out.collect(`${sale.shop}${count}`);
      }
    }
    const got = await rows<string>((env) =>
      env.fromCollection(SALES).keyBy('shop').flatMap(new Count()).collect(),
    );
    expect([...got].sort()).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'b2']);
  });

  it('when list and map state and event-time timers are used then they are per key and fire in order', async () => {
    class Session extends KeyedProcessFunction<string, Sale, string> {
      override open(context: RuntimeContext): void {
        this.amounts = context.getListState(new ListStateDescriptor<number>('amounts'));
        this.seen = context.getMapState(new MapStateDescriptor<number, true>('seen'));
      }
      amounts: ReturnType<RuntimeContext['getListState']> | undefined;
      seen: ReturnType<RuntimeContext['getMapState']> | undefined;
      processElement(sale: Sale, context: KeyedProcessContext<string>): void {
        this.amounts?.add(sale.amount);
        this.seen?.put(sale.at, true);
        context.timerService().registerEventTimeTimer(Math.floor(sale.at / 1_000) * 1_000 + 999);
      }
      override onTimer(timestamp: number, context: OnTimerContext<string>, out: Collector<string>): void {
        out.collect(
          `${context.getCurrentKey()}@${timestamp}:${String(this.amounts?.get())}:${[...(this.seen?.keys() ?? [])].length}`,
        );
        this.amounts?.clear();
      }
    }
    const got = await rows<string>((env) =>
      env.fromSource(oneByOne(SALES), BY_TIME, 'sales').keyBy('shop').process(new Session()).collect(),
    );
    // A timer fires when the watermark has passed it: the record that moved the watermark comes first.
    expect([...got].sort()).toEqual(['a@1999:8,2:4', 'a@3999::4', 'a@999:5,3:2', 'b@1999::2', 'b@999:7,1:2']);
  });

  it('when keys are composite then records with equal parts meet', async () => {
    const got = await rows<{ shop: string; day: number; n: number }>((env) =>
      env
        .fromCollection(SALES.map((sale) => ({ shop: sale.shop, day: Math.floor(sale.at / 1_000), n: 1 })))
        .keyBy((sale) => [sale.shop, sale.day] as const)
        .sum('n')
        .collect(),
    );
    const last = new Map(got.map(({ shop, day, n }) => [`${shop}${day}`, n]));
    expect(sorted([...last])).toEqual(
      sorted([
        ['a0', 2],
        ['a1', 1],
        ['a3', 1],
        ['b0', 1],
        ['b1', 1],
      ]),
    );
  });
});

describe('windows', () => {
  const timed = (env: StreamExecutionEnvironment): ReturnType<typeof env.fromCollection<Sale>> =>
    env.fromCollection(SALES).assignTimestampsAndWatermarks(BY_TIME);
  const totals = (env: StreamExecutionEnvironment, assigner: TumblingEventTimeWindows): void => {
    timed(env)
      .keyBy('shop')
      .window(assigner)
      .aggregate(
        {
          createAccumulator: () => ({ sum: 0 }),
          add: (sale: Sale, a) => void (a.sum += sale.amount),
          getResult: (a) => a.sum,
          merge: (a, b) => ({ sum: a.sum + b.sum }),
        },
        (shop, { window }, [sum], out: Collector<string>) =>
          out.collect(`${shop} ${window.start}-${window.end} ${sum}`),
      )
      .collect();
  };

  it('when windows tumble then each record counts once, aligned to the epoch', async () => {
    const got = await rows<string>((env) => totals(env, TumblingEventTimeWindows.of(Time.seconds(1))));
    expect([...got].sort()).toEqual([
      'a 0-1000 8',
      'a 1000-2000 8',
      'a 3000-4000 2',
      'b 0-1000 7',
      'b 1000-2000 1',
    ]);
  });

  it('when windows slide then each record counts in every window it falls into', async () => {
    const got = await rows<string>((env) =>
      totals(env, SlidingEventTimeWindows.of(Time.seconds(2), Time.seconds(1)) as never),
    );
    expect([...got].sort()).toEqual([
      'a -1000-1000 8',
      'a 0-2000 16',
      'a 1000-3000 8',
      'a 2000-4000 2',
      'a 3000-5000 2',
      'b -1000-1000 7',
      'b 0-2000 8',
      'b 1000-3000 1',
    ]);
  });

  it('when sessions are near then they merge', async () => {
    const got = await rows<string>((env) => totals(env, EventTimeSessionWindows.withGap(500) as never));
    expect([...got].sort()).toEqual([
      'a 100-600 5',
      'a 3500-4000 2',
      'a 900-1700 11',
      'b 1100-1600 1',
      'b 200-700 7',
    ]);
  });

  it('when a record is late then it fires again within the allowed lateness and goes to the side output beyond it', async () => {
    const late = new OutputTag<Sale>('late');
    const disordered: Sale[] = [
      { shop: 'a', amount: 1, at: 500 },
      { shop: 'a', amount: 1, at: 1_500 },
      { shop: 'a', amount: 1, at: 600 },
      { shop: 'a', amount: 1, at: 9_000 },
      { shop: 'a', amount: 1, at: 700 },
    ];
    const { collected } = await runJob(
      defineJob('late', (env) => {
        const counts = env
          .fromSource(oneByOne(disordered), BY_TIME, 'sales')
          .keyBy('shop')
          .window(TumblingEventTimeWindows.of(1_000))
          .allowedLateness(1_000)
          .sideOutputLateData(late)
          .sum('amount');
        counts.collect();
        counts.getSideOutput(late).collect('late');
      }),
    );
    expect(collected<Sale>().map(({ at, amount }) => [at, amount])).toEqual([
      [500, 1],
      [500, 2],
      [1_500, 1],
      [9_000, 1],
    ]);
    expect(collected<Sale>('late')).toEqual([disordered.at(-1)]);
  });

  it('when a window function sees all records then it gets them with its window', async () => {
    const got = await rows<string>((env) => {
      timed(env)
        .keyBy('shop')
        .window(TumblingEventTimeWindows.of(10_000))
        .process((shop, context, sales, out: Collector<string>) =>
          out.collect(`${shop} ${context.window.end} ${[...sales].map((sale) => sale.amount).join('+')}`),
        )
        .collect();
    });
    expect([...got].sort()).toEqual(['a 10000 5+3+8+2', 'b 10000 7+1']);
  });
});

describe('failures of user code', () => {
  it('when a function throws then operator, subtask and record are named and the cause is kept', async () => {
    const failing = runJob(
      defineJob('failing', (env) => {
        env
          .fromCollection([{ id: 1 }, { id: 2 }])
          .map((record) => {
            if (record.id === 2) throw new RangeError('two is too many');
            return record;
          })
          .name('picky')
          .collect();
      }),
    );
    await expect(failing).rejects.toThrow(/job "failing" failed/);
    const error = await failing.catch((thrown: unknown) => thrown as Error);
    const chain: string[] = [];
    for (let at: unknown = error; at instanceof Error; at = at.cause) chain.push(at.message);
    expect(chain.join(' | ')).toContain(
      'operator "picky" (subtask 1/1) failed processing records, input record {id:2}',
    );
    expect(chain.join(' | ')).toContain('two is too many');
  });

  it('when a strategy retries user failures then the job restarts and ends when they stop', async () => {
    let failures = 2;
    const { job, collected } = await runJob(
      defineJob('flaky', (env) => {
        env
          .fromCollection([1, 2, 3])
          .map((n) => {
            if (n === 2 && failures-- > 0) throw new Error('not yet');
            return n;
          })
          .collect();
      }),
      {
        configuration: {
          'restart-strategy.type': 'fixed-delay',
          'restart-strategy.fixed-delay.attempts': '3',
        },
      },
    );
    expect(job.restarts).toBe(2);
    expect(collected()).toEqual([1, 2, 3]);
  });
});
