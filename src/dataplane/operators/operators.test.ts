import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.ts';
import { MAX_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import { RichMapFunction } from '../../functions/basic.ts';
import type { Collector, FlatMapLike, MapLike } from '../../functions/basic.ts';
import { OutputTag } from '../../functions/output-tag.ts';
import { KeyedProcessFunction } from '../../functions/process.ts';
import type { KeyedProcessContext, OnTimerContext } from '../../functions/process.ts';
import type { RuntimeContext } from '../../functions/context.ts';
import type { ValueState } from '../../functions/state.ts';
import { ValueStateDescriptor } from '../../functions/state.ts';
import { WatermarkStrategy } from '../../functions/watermark.ts';
import { ChainHarness } from '../test-support/chain-harness.ts';
import {
  filterOperator,
  flatMapOperator,
  keyedProcessOperator,
  keyedReduceOperator,
  mapOperator,
  processOperator,
  timestampsAndWatermarksOperator,
} from './index.ts';

describe('stateless operators', () => {
  it('when map, filter and flatMap are chained, then records pass in order with their timestamps', async () => {
    const harness = await ChainHarness.open([
      mapOperator((n: number) => n * 2),
      filterOperator((n: number) => n % 4 === 0),
      flatMapOperator((n: number, out: Collector<number>) => {
        out.collect(n);
        return [n + 1, n + 2];
      }),
    ]);
    for (let n = 1; n <= 4; n += 1) harness.push(n, n * 10);
    expect(harness.outputs.get('out')).toEqual([
      [4, 20],
      [5, 20],
      [6, 20],
      [8, 40],
      [9, 40],
      [10, 40],
    ]);
  });

  it('when a filter returns something true that is no boolean, then the record stays', async () => {
    const harness = await ChainHarness.open([
      filterOperator(((n: number) => n) as unknown as (n: number) => boolean),
    ]);
    [0, 1, 2].forEach((n) => harness.push(n));
    expect(harness.values).toEqual([1, 2]);
  });

  it('when a function object is used, then it gets its context, is opened and closed', async () => {
    const calls: string[] = [];
    class Prefix extends RichMapFunction<string, string> {
      override open(context: RuntimeContext): void {
        calls.push(`open ${context.taskInfo.operatorName} ${this.getRuntimeContext().indexOfThisSubtask}`);
      }
      map(value: string): string {
        return `${this.getRuntimeContext().taskInfo.jobName}:${value}`;
      }
      override close(): void {
        calls.push('close');
      }
    }
    const harness = await ChainHarness.open([mapOperator(new Prefix())]);
    harness.push('x');
    await harness.chain.close(false);
    expect([harness.values, calls]).toEqual([['test:x'], ['open map-0 0', 'close']]);
  });

  const asynchronous = Promise.resolve.bind(Promise);
  it.each([
    ['map', () => mapOperator(asynchronous as MapLike<unknown, unknown>)],
    ['filter', () => filterOperator(asynchronous as unknown as () => boolean)],
    ['flatMap', () => flatMapOperator(asynchronous as unknown as FlatMapLike<unknown, unknown>)],
    ['process', () => processOperator(asynchronous as unknown as () => void)],
    ['map', () => mapOperator(async (n: number) => n)],
  ])('when the function of %s returns a promise, then it is refused', async (_kind, factory) => {
    await expect(async () => (await ChainHarness.open([factory()])).push(1)).rejects.toThrow(
      'is asynchronous',
    );
  });

  it('when what is passed is no function, then building is refused with what was got', () => {
    expect(() => mapOperator({} as MapLike<number, number>)).toThrow(
      'needs a function or an object with a method map()',
    );
    expect(() => filterOperator(undefined as never)).toThrow(UserError);
  });

  it('when a flatMap returns what cannot be iterated, then it is refused', async () => {
    const harness = await ChainHarness.open([flatMapOperator((() => 5) as never)]);
    expect(() => harness.push(1)).toThrow('must return an iterable');
  });
});

describe('process', () => {
  it('when a function emits to side outputs, then they get the record, and unread ones drop it', async () => {
    const odd = new OutputTag<number>('odd');
    const unread = new OutputTag<number>('unread');
    const process = processOperator<number, string>((value, context, out) => {
      if (value % 2 === 1) context.output(odd, value);
      context.output(unread, value);
      out.collect(`${value}@${context.timestamp}/${context.timerService().currentWatermark()}`);
    });
    const harness = await ChainHarness.open([process], { sideOutputs: ['odd'] });
    harness.watermark(5);
    harness.push(1, 7);
    harness.push(2, NO_TIMESTAMP);
    expect([harness.values, harness.side('odd')]).toEqual([['1@7/5', '2@undefined/5'], [1]]);
  });

  it('when timers or state are used without a key, then the error says keyBy', async () => {
    const timers = processOperator<number, number>((_v, context) =>
      context.timerService().registerEventTimeTimer(1),
    );
    const harness = await ChainHarness.open([timers]);
    expect(() => harness.push(1)).toThrow('call keyBy()');
    class Stateful extends RichMapFunction<number, number> {
      override open(context: RuntimeContext): void {
        context.getState(new ValueStateDescriptor('x'));
      }
      map = (value: number): number => value;
    }
    await expect(ChainHarness.open([mapOperator(new Stateful())])).rejects.toThrow('call keyBy()');
  });
});

class CountThenReport extends KeyedProcessFunction<string, string, string> {
  #count!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.#count = context.getState(new ValueStateDescriptor('count', 0));
  }

  processElement(_value: string, context: KeyedProcessContext<string>, out: Collector<string>): void {
    const count = (this.#count.value() ?? 0) + 1;
    this.#count.update(count);
    context.timerService().registerEventTimeTimer(100);
    context.timerService().registerProcessingTimeTimer(50);
    out.collect(`${context.getCurrentKey()}=${count}`);
  }

  override onTimer(timestamp: number, context: OnTimerContext<string>, out: Collector<string>): void {
    out.collect(`${context.timeDomain}:${context.getCurrentKey()}=${this.#count.value()}@${timestamp}`);
  }
}

describe('keyed operators', () => {
  it('when timers are due, then each key fires once with its state, event and processing time apart', async () => {
    const harness = await ChainHarness.open([keyedProcessOperator((v: string) => v, new CountThenReport())]);
    ['a', 'b', 'a'].forEach((value) => harness.push(value, 1));
    harness.watermark(99);
    expect(harness.values).toEqual(['a=1', 'b=1', 'a=2']);
    harness.watermark(100);
    harness.watermark(200);
    expect(harness.values.slice(3)).toEqual(['event-time:a=2@100', 'event-time:b=1@100']);
    expect(harness.chain.nextProcessingTimer()).toBe(50);
    harness.chain.advanceProcessingTime(50);
    expect(harness.values.slice(5)).toEqual(['processing-time:a=2@50', 'processing-time:b=1@50']);
    expect(
      harness.outputs
        .get('out')
        ?.slice(3)
        .map(([, timestamp]) => timestamp),
    ).toEqual([100, 100, NO_TIMESTAMP, NO_TIMESTAMP]);
  });

  it('when an output is full while timers fire, then firing stops and goes on later', async () => {
    const harness = await ChainHarness.open([keyedProcessOperator((v: string) => v, new CountThenReport())], {
      onOutput: ({ flow }) => flow.block(),
    });
    ['a', 'b', 'c'].forEach((value) => harness.push(value, 1));
    harness.chain.setWatermark(100);
    expect([harness.chain.advance(), harness.values.length]).toEqual([false, 4]);
    harness.flow.resume(true);
    harness.watermark(100);
    expect(harness.values.length).toBe(6);
    expect(harness.events).toEqual([{ kind: 'watermark', timestamp: 100 }]);
  });

  it('when reduce changes and returns the accumulated object, then what was emitted does not change', async () => {
    const reduce = keyedReduceOperator(
      (r: { k: string; n: number }) => r.k,
      (a, b) => {
        a.n += b.n;
        return a;
      },
    );
    const harness = await ChainHarness.open([reduce]);
    for (const k of ['a', 'b', 'a', 'a']) harness.push({ k, n: 1 });
    expect(harness.values.map((v) => (v as { n: number }).n)).toEqual([1, 1, 2, 3]);
  });

  it('when a key selector returns no key, then the error says what a key is', async () => {
    const harness = await ChainHarness.open([
      keyedReduceOperator(
        (v: { k: string }) => v.k,
        (a) => a,
      ),
    ]);
    expect(() => harness.push({})).toThrow('the key of a record is undefined');
  });
});

describe('timestampsAndWatermarks', () => {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<{ t: number }>(10).withTimestampAssigner(
    (v) => v.t,
  );

  it('when records come, then they carry their times, and watermarks follow after the batch, not the ones from upstream', async () => {
    const harness = await ChainHarness.open([timestampsAndWatermarksOperator(strategy)]);
    harness.push({ t: 100 });
    harness.push({ t: 90 });
    harness.watermark(1_000);
    expect(harness.outputs.get('out')?.map(([, t]) => t)).toEqual([100, 90]);
    expect(harness.events).toEqual([{ kind: 'watermark', timestamp: 89 }]);
    harness.watermark(MAX_WATERMARK);
    expect(harness.events.at(-1)).toEqual({ kind: 'watermark', timestamp: MAX_WATERMARK });
  });

  it('when nothing comes for the idleness timeout, then the output is idle until records come again', async () => {
    const harness = await ChainHarness.open([timestampsAndWatermarksOperator(strategy.withIdleness(50))]);
    harness.push({ t: 100 });
    harness.chain.advance();
    await harness.clock.runFor(60);
    harness.chain.advance();
    harness.push({ t: 101 });
    harness.chain.advance();
    expect(harness.events).toEqual([
      { kind: 'watermark', timestamp: 89 },
      { kind: 'watermark-status', idle: true },
      { kind: 'watermark-status', idle: false },
      { kind: 'watermark', timestamp: 90 },
    ]);
  });

  it.each([[Number.NaN], [undefined], ['5'], [Number.POSITIVE_INFINITY], [new Date(5)]])(
    'when the assigner returns %s, then it is refused',
    async (returned) => {
      const wrong = WatermarkStrategy.noWatermarks<number>().withTimestampAssigner(() => returned as number);
      const harness = await ChainHarness.open([timestampsAndWatermarksOperator(wrong)]);
      expect(() => harness.push(1)).toThrow('timestamp assigner returned');
    },
  );
});
