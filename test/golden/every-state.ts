import {
  AggregatingStateDescriptor,
  DataGeneratorSource,
  EventTimeSessionWindows,
  KeyedProcessFunction,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateTtlConfig,
  TumblingEventTimeWindows,
  ValueStateDescriptor,
  WatermarkStrategy,
  defineJob,
} from 'millrace';
import type {
  AggregatingState,
  Collector,
  KeyedProcessContext,
  ListState,
  MapState,
  OnTimerContext,
  ReducingState,
  RuntimeContext,
  ValueState,
} from 'millrace';

/** No number's event time is as late: what waits for it comes when the input has ended. */
const LATER = 1_000_000_000;

interface Profile {
  readonly first: number;
  readonly latest: bigint;
  readonly seen: Date;
  readonly parities: ReadonlySet<string>;
}

/** Holds something in every kind of state, and tells it all when the input has ended. */
export class EveryState extends KeyedProcessFunction<number, number, string> {
  #profile!: ValueState<Profile>;
  #thousands!: ListState<number>;
  #digits!: MapState<number, number>;
  #sum!: ReducingState<number>;
  #mean!: AggregatingState<number, number>;
  #kept!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.#profile = context.getState(new ValueStateDescriptor<Profile>('profile'));
    this.#thousands = context.getListState(new ListStateDescriptor<number>('hundreds'));
    this.#digits = context.getMapState(new MapStateDescriptor<number, number>('digits'));
    this.#sum = context.getReducingState(
      new ReducingStateDescriptor<number>('sum', (a: number, b: number) => a + b),
    );
    this.#mean = context.getAggregatingState(
      new AggregatingStateDescriptor<number, [number, number], number>('mean', {
        createAccumulator: () => [0, 0],
        add: (value, [sum, n]) => [sum + value, n + 1],
        getResult: ([sum, n]) => sum / n,
        merge: ([a, n], [b, m]) => [a + b, n + m],
      }),
    );
    const kept = new ValueStateDescriptor<number>('kept', 0);
    kept.enableTimeToLive(StateTtlConfig.newBuilder('36500 d').build());
    this.#kept = context.getState(kept);
  }

  processElement(n: number, context: KeyedProcessContext<number>, _out: Collector<string>): void {
    const before = this.#profile.value();
    this.#profile.update({
      first: before === null || before === undefined ? n : Math.min(before.first, n),
      latest: BigInt(Math.max(n, Number(before?.latest ?? 0))),
      seen: new Date(Math.max(n, before?.seen.getTime() ?? 0)),
      parities: new Set([...(before?.parities ?? []), n % 2 === 0 ? 'even' : 'odd']),
    });
    if (n % 100 === 0) this.#thousands.add(n);
    this.#digits.put(n % 10, (this.#digits.get(n % 10) ?? 0) + 1);
    this.#sum.add(n);
    this.#mean.add(n);
    this.#kept.update((this.#kept.value() ?? 0) + 1);
    context.timerService().registerEventTimeTimer(LATER);
  }

  override onTimer(_timestamp: number, context: OnTimerContext<number>, out: Collector<string>): void {
    const { first, latest, seen, parities } = this.#profile.value() as Profile;
    const hundreds = [...(this.#thousands.get() ?? [])].toSorted((a, b) => a - b);
    const digits = [...this.#digits.entries()].toSorted(([a], [b]) => a - b);
    out.collect(
      `state ${context.getCurrentKey()} ${JSON.stringify({
        first,
        latest: String(latest),
        seen,
        parities: [...parities].toSorted(),
        hundreds,
        digits,
        sum: this.#sum.get(),
        mean: this.#mean.get(),
        kept: this.#kept.value(),
      })}`,
    );
  }
}

/** What it says does not depend on when it was stopped and begun again. */
export default defineJob('every state', (env) => {
  const source = new DataGeneratorSource<number>({
    generate: (index) => index,
    count: Number(env.getParameter('count')),
    recordsPerSecond: Number(env.getParameter('rate')),
    splits: 4,
  });
  const numbers = env
    .fromSource(
      source,
      WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n),
      'numbers',
    )
    .uid('numbers')
    .keyBy((n) => n % 7);
  numbers.process(new EveryState()).uid('every-state').collect();
  numbers
    .window(TumblingEventTimeWindows.of('1 h'))
    .reduce((a, b) => a + b)
    .uid('hours')
    .map((sum) => `hour ${sum}`)
    .collect();
  numbers
    .window(EventTimeSessionWindows.withGap('1 h'))
    .reduce((a, b) => Math.max(a, b))
    .uid('sessions')
    .map((max) => `session ${max}`)
    .collect();
});
