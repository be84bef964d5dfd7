import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import {
  BroadcastProcessFunction,
  CollectionSource,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  MapStateDescriptor,
  TumblingEventTimeWindows,
  ValueStateDescriptor,
  WatermarkStrategy,
  defineJob,
} from '../../src/index.ts';
import type {
  BroadcastContext,
  Collector,
  KeyedProcessContext,
  ProcessContext,
  ReadOnlyBroadcastContext,
  RuntimeContext,
  StreamExecutionEnvironment,
  ValueState,
} from '../../src/index.ts';

interface Order {
  readonly user: string;
  readonly item: string;
  readonly at: number;
}
interface Payment {
  readonly user: string;
  readonly cents: number;
  readonly at: number;
}

const ORDERS: readonly Order[] = [
  { user: 'ann', item: 'tea', at: 100 },
  { user: 'bob', item: 'jam', at: 150 },
  { user: 'ann', item: 'cup', at: 900 },
  { user: 'cat', item: 'pan', at: 2_000 },
];
const PAYMENTS: readonly Payment[] = [
  { user: 'ann', cents: 5, at: 120 },
  { user: 'ann', cents: 9, at: 1_500 },
  { user: 'bob', cents: 7, at: 140 },
  { user: 'dan', cents: 1, at: 300 },
];

function timed<T extends { at: number }>(): WatermarkStrategy<T> {
  return WatermarkStrategy.forMonotonousTimestamps<T>().withTimestampAssigner((value: T) => value.at);
}

async function rows(build: (env: StreamExecutionEnvironment) => void, parallelism = 2): Promise<string[]> {
  const { collected } = await runJob(defineJob('two inputs', build), { parallelism });
  return collected<string>().map(String).toSorted();
}

/** Pairs by a nested loop over plain arrays. */
function pairs(matches: (order: Order, payment: Payment) => boolean): string[] {
  return ORDERS.flatMap((order) =>
    PAYMENTS.filter((payment) => order.user === payment.user && matches(order, payment)).map(
      (payment) => `${order.user} ${order.item} ${payment.cents}`,
    ),
  ).toSorted();
}

describe('connected streams', () => {
  it('when two streams are connected by a co-map then each passes its own function', async () => {
    const got = await rows((env) => {
      const numbers = env.fromCollection([1, 2]);
      const words = env.fromCollection(['a']);
      numbers
        .connect(words)
        .map({ map1: (n) => `n${n}`, map2: (word) => `w${word}` })
        .collect();
    });
    expect(got).toEqual(['n1', 'n2', 'wa']);
  });

  it('when both inputs are keyed alike then they share the state of a key', async () => {
    class Match extends KeyedCoProcessFunction<string, Order, Payment, string> {
      #orders: ValueState<number> | undefined;
      #cents: ValueState<number> | undefined;
      override open(context: RuntimeContext): void {
        this.#orders = context.getState(new ValueStateDescriptor('orders', 0));
        this.#cents = context.getState(new ValueStateDescriptor('cents', 0));
      }
      processElement1(_order: Order, context: KeyedProcessContext<string>): void {
        this.#orders?.update((this.#orders.value() ?? 0) + 1);
        context.timerService().registerEventTimeTimer(10_000);
      }
      processElement2(payment: Payment, context: KeyedProcessContext<string>): void {
        this.#cents?.update((this.#cents.value() ?? 0) + payment.cents);
        context.timerService().registerEventTimeTimer(10_000);
      }
      override onTimer(_at: number, context: KeyedProcessContext<string>, out: Collector<string>): void {
        out.collect(`${context.getCurrentKey()} ${this.#orders?.value()} ${this.#cents?.value()}`);
      }
    }
    const got = await rows((env) => {
      const orders = env.fromSource(new CollectionSource(ORDERS), timed<Order>(), 'orders');
      const payments = env.fromSource(new CollectionSource(PAYMENTS), timed<Payment>(), 'payments');
      orders.keyBy('user').connect(payments.keyBy('user')).process(new Match()).collect();
    });
    expect(got).toEqual(['ann 2 14', 'bob 1 7', 'cat 1 0', 'dan 0 1']);
  });

  it('when a keyed function gets streams without keys then the error says what to do', async () => {
    class Keyed extends KeyedCoProcessFunction<string, number, number, number> {
      processElement1(): void {}
      processElement2(): void {}
    }
    const run = rows(
      (env) =>
        void env
          .fromCollection([1])
          .connect(env.fromCollection([2]))
          .process(new Keyed() as never),
    );
    await expect(run).rejects.toThrow(/needs keys: call keyBy\(\)/);
  });
});

describe('broadcast state', () => {
  const rules = new MapStateDescriptor<string, number>('rules');

  it('when rules are broadcast then every subtask sees them, and only the broadcast side writes them', async () => {
    class Apply extends BroadcastProcessFunction<number, [string, number], string> {
      processElement(
        value: number,
        context: ProcessContext & ReadOnlyBroadcastContext,
        out: Collector<string>,
      ): void {
        out.collect(`${value} ${[...context.getBroadcastState(rules).entries()].length >= 0}`);
      }
      processBroadcastElement(
        [name, limit]: [string, number],
        context: BroadcastContext,
        out: Collector<string>,
      ): void {
        context.getBroadcastState(rules).put(name, limit);
        out.collect(`rule ${name}`);
      }
    }
    const got = await rows((env) => {
      const limits = env.fromCollection<[string, number]>([['max', 3]]).broadcast(rules);
      env.fromCollection([1, 2]).rebalance().connect(limits).process(new Apply()).collect();
    }, 2);
    expect(got).toEqual(['1 true', '2 true', 'rule max', 'rule max']);
  });

  it('when the other side is keyed then it has its keyed state beside the broadcast one', async () => {
    class Count extends KeyedBroadcastProcessFunction<string, Order, string, string> {
      #count: ValueState<number> | undefined;
      override open(context: RuntimeContext): void {
        this.#count = context.getState(new ValueStateDescriptor('count', 0));
      }
      processElement(
        order: Order,
        _context: KeyedProcessContext<string> & ReadOnlyBroadcastContext,
        out: Collector<string>,
      ): void {
        const count = (this.#count?.value() ?? 0) + 1;
        this.#count?.update(count);
        out.collect(`${order.user}${count}`);
      }
      processBroadcastElement(): void {}
    }
    const got = await rows((env) => {
      const control = env.fromCollection(['on']).broadcast(rules);
      env.fromCollection(ORDERS).keyBy('user').connect(control).process(new Count()).collect();
    });
    expect(got).toEqual(['ann1', 'ann2', 'bob1', 'cat1']);
  });
});

describe('joins', () => {
  const streams = (
    env: StreamExecutionEnvironment,
  ): [ReturnType<typeof env.fromCollection<Order>>, ReturnType<typeof env.fromCollection<Payment>>] => [
    env.fromSource(new CollectionSource(ORDERS), timed<Order>(), 'orders'),
    env.fromSource(new CollectionSource(PAYMENTS), timed<Payment>(), 'payments'),
  ];

  it.each([1, 2, 3])(
    'when streams join in windows at parallelism %i then pairs of equal key and window come once',
    async (parallelism) => {
      const got = await rows((env) => {
        const [orders, payments] = streams(env);
        orders
          .join(payments)
          .where((order) => order.user)
          .equalTo((payment) => payment.user)
          .window(TumblingEventTimeWindows.of(1_000))
          .apply((order, payment) => `${order.user} ${order.item} ${payment.cents}`)
          .collect();
      }, parallelism);
      expect(got).toEqual(
        pairs((order, payment) => Math.floor(order.at / 1_000) === Math.floor(payment.at / 1_000)),
      );
    },
  );

  it('when streams are co-grouped then keys of one side come too', async () => {
    const got = await rows((env) => {
      const [orders, payments] = streams(env);
      orders
        .coGroup(payments)
        .where((order) => order.user)
        .equalTo((payment) => payment.user)
        .window(TumblingEventTimeWindows.of(10_000))
        .apply<string>((some, others, out) =>
          out.collect(`${some[0]?.user ?? others[0]?.user} ${some.length} ${others.length}`),
        )
        .collect();
    });
    expect(got).toEqual(['ann 2 2', 'bob 1 1', 'cat 1 0', 'dan 0 1']);
  });

  it.each([
    [-50, 50],
    [0, 1_000],
    [-2_000, 2_000],
  ])('when streams join in the interval [%i, %i] then pairs within it come once', async (lower, upper) => {
    const got = await rows((env) => {
      const [orders, payments] = streams(env);
      orders
        .keyBy('user')
        .intervalJoin(payments.keyBy('user'))
        .between(lower, upper)
        .process<string>((order, payment, _context, out) =>
          out.collect(`${order.user} ${order.item} ${payment.cents}`),
        )
        .collect();
    });
    expect(got).toEqual(
      pairs((order, payment) => payment.at >= order.at + lower && payment.at <= order.at + upper),
    );
  });

  it('when the bounds of an interval are the wrong way round then the graph is refused', async () => {
    const run = rows((env) => {
      const [orders, payments] = streams(env);
      orders.keyBy('user').intervalJoin(payments.keyBy('user')).between(5, 1);
    });
    await expect(run).rejects.toThrow(/lower bound 5 ms is above the upper bound 1 ms/);
  });
});

describe('windows over all records', () => {
  it('when a stream is windowed as a whole then one subtask sees all of it', async () => {
    const got = await rows(
      (env) =>
        env
          .fromSource(new CollectionSource(PAYMENTS), timed<Payment>(), 'payments')
          .rebalance()
          .map((payment) => payment)
          .windowAll(TumblingEventTimeWindows.of(1_000))
          .reduce((a, b) => ({ ...a, cents: a.cents + b.cents }))
          .map(({ cents }) => String(cents))
          .collect(),
      3,
    );
    expect(got).toEqual(['13', '9']);
  });
});
