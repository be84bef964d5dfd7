import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.ts';
import { BATCH_RECORDS, SLOT_CHANNEL_BATCHES, SOURCE_BATCH_RECORDS } from '../../base/limits.ts';
import { MAX_WATERMARK, MIN_WATERMARK } from '../../base/time.ts';
import type { Collector } from '../../functions/basic.ts';
import { KeyedProcessFunction, ProcessFunction } from '../../functions/process.ts';
import type { KeyedProcessContext, OnTimerContext } from '../../functions/process.ts';
import type { SourceBatch, SourceReader } from '../../functions/source.ts';
import { WatermarkStrategy } from '../../functions/watermark.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { SimulatedNetwork } from '../../transport/simulation/network.ts';
import { TaskError } from '../chain/index.ts';
import type { OperatorFactory } from '../chain/index.ts';
import { ChannelError } from '../exchange/index.ts';
import {
  filterOperator,
  flatMapOperator,
  keyedProcessOperator,
  keyedReduceOperator,
  mapOperator,
  processOperator,
  sinkOperator,
  sourceOperator,
  windowOperator,
} from '../operators/index.ts';
import { collectingSink, numbersSource, TestJob } from '../test-support/job-harness.ts';
import type { NumberSplit, TestJobOptions, TestVertex } from '../test-support/job-harness.ts';
import { TumblingEventTimeWindows } from '../window/index.ts';

const byValue = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);
const range = (to: number, parts = 1): NumberSplit[] =>
  Array.from({ length: parts }, (_, i) => ({
    splitId: `s${i}`,
    from: Math.floor((to * i) / parts),
    to: Math.floor((to * (i + 1)) / parts),
  }));
const numbers = (to: number, parts = 1): OperatorFactory =>
  sourceOperator(numbersSource(range(to, parts)), byValue);

function networkOptions(faults: ConstructorParameters<typeof SimulatedNetwork>[2] = {}): TestJobOptions {
  const clock = new SimulatedClock({ startAt: 0 });
  const network = new SimulatedNetwork(clock, new SeededRandom(7), faults);
  return { carrier: 'network', clock, transport: network.connect('node') };
}

const CARRIERS: Readonly<Record<string, () => TestJobOptions>> = {
  slot: () => ({ carrier: 'slot', slotBound: 2 }),
  process: () => ({ carrier: 'process', ringBytes: 8192 }),
  network: () => networkOptions({ faults: [{ minDelayMs: 1, meanDelayMs: 2 }] }),
};

describe('a job of several tasks', () => {
  it.each(Object.entries(CARRIERS))(
    'when records pass by %s channels, then each key is counted exactly once per record',
    async (_name, options) => {
      const out: [unknown, number][] = [];
      const count = 20_000;
      const vertices: TestVertex[] = [
        {
          operators: [numbers(count, 6), mapOperator((n: number) => ({ k: `k${n % 50}`, n: 1, t: n }))],
          parallelism: 2,
          partitioner: { kind: 'hash', keySelector: (r) => (r as { k: string }).k },
        },
        {
          operators: [
            keyedReduceOperator(
              (r: { k: string; n: number }) => r.k,
              (a, b) => ({ ...a, n: a.n + b.n }),
            ),
          ],
          parallelism: 3,
          partitioner: { kind: 'global' },
        },
        { operators: [sinkOperator(collectingSink(out))], parallelism: 1 },
      ];
      const job = new TestJob(vertices, options());
      await job.run();
      expect(job.errors).toEqual([]);
      expect(out.length).toBe(count);
      const highest = new Map<string, number>();
      for (const [value] of out as [{ k: string; n: number }, number][])
        highest.set(value.k, Math.max(highest.get(value.k) ?? 0, value.n));
      expect([...highest.values()]).toEqual(Array.from({ length: 50 }, () => count / 50));
      await job.stop();
      // The word that the last end has come may still be under way.
      await job.clock.runFor(100);
      expect(job.clock.timers).toEqual([]);
    },
  );

  it('when a bounded stream is windowed over an exchange, then every window fires, the last by the end of input', async () => {
    const out: [unknown, number][] = [];
    const window = windowOperator({
      keySelector: (n: number) => n % 3,
      assigner: TumblingEventTimeWindows.of(1_000),
      mode: {
        aggregate: {
          createAccumulator: () => 0,
          add: (_n: number, c: number) => c + 1,
          getResult: (c: number) => c,
        },
      },
    });
    const job = new TestJob([
      {
        operators: [numbers(10_500)],
        parallelism: 1,
        partitioner: { kind: 'hash', keySelector: (n) => (n as number) % 3 },
      },
      { operators: [window], parallelism: 2, partitioner: { kind: 'global' } },
      { operators: [sinkOperator(collectingSink(out))], parallelism: 1 },
    ]);
    await job.run();
    expect(job.errors).toEqual([]);
    expect(out.length).toBe(33);
    expect(out.reduce((sum, [n]) => sum + (n as number), 0)).toBe(10_500);
    expect(new Set(out.map(([, t]) => t)).size).toBe(11);
    expect(job.tasks.at(-1)?.counters.currentInputWatermark).toBe(MAX_WATERMARK);
    expect(job.tasks.map(({ counters }) => counters.numRecordsIn)).toEqual([
      10_500,
      expect.any(Number),
      expect.any(Number),
      33,
    ]);
  });

  it('when a sink is slow, then every queue stays at its bound and nothing is lost', async () => {
    const out: [unknown, number][] = [];
    let release: (() => void) | undefined;
    const pending = (): Promise<void> => new Promise((resolve) => (release = resolve));
    const job = new TestJob(
      [
        { operators: [numbers(200_000)], parallelism: 1 },
        { operators: [sinkOperator(collectingSink(out, { pending }))], parallelism: 1 },
      ],
      { slotBound: 3 },
    );
    job.start();
    await job.clock.runFor(5_000);
    expect(out.length).toBe(64);
    const [source, sink] = job.tasks;
    expect(source?.counters.numRecordsOut).toBeLessThanOrEqual(5 * BATCH_RECORDS);
    expect(source?.counters.numRecordsIn).toBeLessThanOrEqual(5 * BATCH_RECORDS + SOURCE_BATCH_RECORDS);
    expect(sink?.counters.numRecordsIn).toBeLessThanOrEqual(BATCH_RECORDS);
    await job.clock.runUntil(() => {
      release?.();
      return job.finished === 2;
    });
    expect(out.map(([n]) => n)).toEqual(Array.from({ length: 200_000 }, (_, n) => n));
    expect(source?.counters.backPressuredMs).toBeGreaterThan(4_000);
  });

  it('when one record becomes very many, then the producer stops after it, not after its batch', async () => {
    const out: [unknown, number][] = [];
    let calls = 0;
    const explode = flatMapOperator((n: number, collector: Collector<number>) => {
      calls += 1;
      for (let i = 0; i < 20_000; i += 1) collector.collect(n);
    });
    const never = { pending: () => new Promise<void>(() => {}) };
    const job = new TestJob([
      { operators: [numbers(100), explode], parallelism: 1 },
      { operators: [sinkOperator(collectingSink(out, never))], parallelism: 1 },
    ]);
    job.start();
    await job.clock.runFor(2_000);
    expect(calls).toBe(1);
    expect(job.tasks[0]?.counters.numRecordsOut).toBeGreaterThan(SLOT_CHANNEL_BATCHES * BATCH_RECORDS);
    await job.stop();
  });

  it('when the load is light, then records arrive without waiting for the buffer timeout', async () => {
    const out: [unknown, number][] = [];
    const polls: ('waiting' | SourceBatch<number>)[] = [{ splitId: 's0', values: [1] }];
    const source = numbersSource([], {
      poll: () => polls.shift() ?? 'waiting',
      available: () => new Promise<void>(() => {}),
    });
    const job = new TestJob(
      [
        { operators: [sourceOperator(source, WatermarkStrategy.noWatermarks<number>())], parallelism: 1 },
        { operators: [sinkOperator(collectingSink(out))], parallelism: 1 },
      ],
      { settings: { bufferTimeoutMs: 60_000 } },
    );
    job.start();
    await job.clock.runFor(20);
    expect(out.length).toBe(1);
    await job.stop();
  });
});

describe('end of input', () => {
  it('when the input ends, then timers fire, sinks flush before tasks finish, upstream first', async () => {
    const log: string[] = [];
    class Last extends KeyedProcessFunction<number, number, string> {
      processElement(value: number, context: KeyedProcessContext<number>): void {
        context.timerService().registerEventTimeTimer(value + 1_000_000);
      }
      override onTimer(_timestamp: number, context: OnTimerContext<number>, out: Collector<string>): void {
        out.collect(`timer of ${context.getCurrentKey()}`);
      }
    }
    const sink = collectingSink([], {
      write: (value) => void log.push(value as string),
      flush: async (endOfInput) => {
        log.push(`flush ${String(endOfInput)}`);
        await Promise.resolve();
        log.push('flushed');
      },
      close: (aborted) => void log.push(`close ${String(aborted)}`),
    });
    const job = new TestJob([
      { operators: [numbers(2)], parallelism: 1 },
      { operators: [keyedProcessOperator((n: number) => n, new Last()), sinkOperator(sink)], parallelism: 1 },
    ]);
    await job.run();
    expect(job.errors).toEqual([]);
    expect(log).toEqual(['timer of 0', 'timer of 1', 'flush true', 'flushed', 'close false']);
    expect(job.log.slice(-2)).toEqual(['vertex 0 finished', 'vertex 1 finished']);
  });
});

describe('sources', () => {
  const task = (
    more: Partial<SourceReader<number, NumberSplit>>,
    strategy: WatermarkStrategy<number>,
    out: [unknown, number][] = [],
  ) =>
    new TestJob([
      { operators: [sourceOperator(numbersSource([], more), strategy)], parallelism: 1 },
      { operators: [sinkOperator(collectingSink(out))], parallelism: 1 },
    ]);

  it('when a split is read to its end, then it holds back no watermark; one not begun yet does', async () => {
    const held: NumberSplit[][] = [];
    const batches: (SourceBatch<number> | undefined)[] = [];
    const job = task(
      {
        poll: () => batches.shift() ?? 'waiting',
        snapshotState: () => held.at(-1) ?? [],
        available: () => new Promise<void>(() => {}),
      },
      byValue,
    );
    const [a, b] = [
      { splitId: 'a', from: 0, to: 0 },
      { splitId: 'b', from: 0, to: 0 },
    ];
    held.push([a, b]);
    job.tasks[0]?.addSplits([a, b], 0);
    batches.push({ splitId: 'a', values: [100] });
    job.start();
    await job.clock.runFor(1_000);
    const watermark = (): number | undefined => job.tasks[1]?.counters.currentInputWatermark;
    expect(watermark()).toBe(MIN_WATERMARK);
    batches.push({ splitId: 'b', values: [50] });
    await job.clock.runFor(1_000);
    expect(watermark()).toBe(49);
    held.push([a]);
    await job.clock.runFor(1_000);
    expect(watermark()).toBe(99);
    await job.stop();
  });

  it('when a split is idle for the timeout, then others go on; when all are, then the channel is idle until records come', async () => {
    const batches: (SourceBatch<number> | undefined)[] = [
      { splitId: 'a', values: [10] },
      { splitId: 'b', values: [500] },
    ];
    const splits = ['a', 'b'].map((splitId) => ({ splitId, from: 0, to: 0 }));
    const job = task(
      {
        poll: () => batches.shift() ?? 'waiting',
        snapshotState: () => splits,
        available: () => new Promise<void>(() => {}),
      },
      byValue.withIdleness('5 s'),
    );
    job.start();
    await job.clock.runFor(4_000);
    const watermark = (): number | undefined => job.tasks[1]?.counters.currentInputWatermark;
    expect(watermark()).toBe(9);
    batches.push({ splitId: 'b', values: [600] });
    await job.clock.runFor(2_000);
    expect(watermark()).toBe(599);
    await job.stop();
  });

  it('when records cannot be decoded, then the policy decides: counted, or the task fails and names the place', async () => {
    for (const policy of ['skip', 'fail'] as const) {
      const source = numbersSource([]);
      const reading = {
        ...source,
        createReader: (context: Parameters<typeof source.createReader>[0]) => {
          const reader = source.createReader(context);
          reader.poll = () => {
            context.reportBadRecord(policy, 'file.csv line 3', 'x,y', new Error('two columns missing'));
            return 'end';
          };
          return reader;
        },
      };
      const job = new TestJob([{ operators: [sourceOperator(reading, byValue)], parallelism: 1 }]);
      await job.run();
      expect(job.tasks[0]?.counters.numRecordsInErrors).toBe(1);
      if (policy === 'skip') expect(job.errors).toEqual([]);
      else expect((job.errors[0] as Error).message).toContain('file.csv line 3: two columns missing');
    }
  });
});

describe('a task that fails', () => {
  const fail = (message: string) => (): never => {
    throw new Error(message);
  };

  async function failureOf(vertices: readonly TestVertex[], options?: TestJobOptions): Promise<TaskError> {
    const job = new TestJob(vertices, options);
    await job.run();
    expect(job.errors.length).toBe(1);
    expect(job.errors[0]).toBeInstanceOf(TaskError);
    await job.stop();
    return job.errors[0] as TaskError;
  }
  const after = (...operators: OperatorFactory[]): TestVertex[] => [
    { operators: [numbers(2_000)], parallelism: 1 },
    { operators, parallelism: 1 },
  ];

  it('when a function throws in mid-chain, then the error names operator, subtask and record, and keeps the cause', async () => {
    const error = await failureOf(
      after(
        filterOperator((n: number) => n !== 3),
        mapOperator((n: number) => (n === 700 ? fail('cannot map')() : n)),
        sinkOperator(collectingSink([])),
      ),
    );
    expect(error.message).toBe(
      'operator "map 1.1" (subtask 1/1) failed processing records, input record 700: cannot map',
    );
    expect([
      error.operatorName,
      error.subtaskIndex,
      error.recordPreview,
      error.domain,
      error.retryable,
    ]).toEqual(['map 1.1', 0, '700', 'user', true]);
    expect((error.cause as Error).message).toBe('cannot map');
  });

  it('when a function throws after it emitted, then it is named, not the operator behind it', async () => {
    class EmitAndThrow extends ProcessFunction<number, number> {
      processElement(value: number, _context: unknown, out: Collector<number>): void {
        out.collect(value);
        throw new Error('after emitting');
      }
    }
    const error = await failureOf(
      after(
        processOperator(new EmitAndThrow()),
        mapOperator((n: number) => n),
        sinkOperator(collectingSink([])),
      ),
    );
    expect(error.operatorName).toBe('process 1.0');
  });

  it('when something that is no error is thrown, then it still says what', async () => {
    const thrower = (): never => {
      // oxlint-disable-next-line only-throw-error -- what a careless function may do
      throw 'just text';
    };
    expect(
      (await failureOf(after(mapOperator(thrower), sinkOperator(collectingSink([]))))).message,
    ).toContain(': just text');
  });

  it.each([
    [
      'opening',
      mapOperator({ map: (n: number) => n, open: fail('no file') }),
      'failed while it was opened: no file',
    ],
    ['a timestamp', undefined, 'timestamp assigner returned NaN'],
  ])('when %s fails, then the operator is named', async (_what, operator, message) => {
    const wrong = WatermarkStrategy.noWatermarks<number>().withTimestampAssigner((n) =>
      n === 5 ? Number.NaN : n,
    );
    const source = sourceOperator(numbersSource(range(10)), operator === undefined ? wrong : byValue);
    const operators = [
      source,
      ...(operator === undefined ? [] : [operator]),
      sinkOperator(collectingSink([])),
    ];
    expect((await failureOf([{ operators, parallelism: 1 }])).message).toContain(message);
  });

  it.each([
    ['write', { write: fail('disk full') }, 'processing records, input record 0: disk full'],
    ['pending', { pending: () => Promise.reject(new Error('server gone')) }, 'server gone'],
    ['flush', { flush: fail('cannot flush') }, 'flushing at the end of its input: cannot flush'],
    [
      'flush later',
      { flush: () => Promise.reject(new Error('cannot flush')) },
      'flushing at the end of its input: cannot flush',
    ],
    [
      'close',
      { close: () => Promise.reject(new Error('cannot close')) },
      'while it was closed: cannot close',
    ],
  ])('when the %s of a sink fails, then the sink is named', async (_what, more, message) => {
    const error = await failureOf(
      after(
        mapOperator((n: number) => n),
        sinkOperator(collectingSink([], more)),
      ),
    );
    expect([error.operatorName, error.message]).toEqual(['sink 1.1', expect.stringContaining(message)]);
  });

  it('when a reader fails in poll or in the background, then the source is named', async () => {
    const polling = sourceOperator(numbersSource([], { poll: fail('unreadable') }), byValue);
    expect((await failureOf([{ operators: [polling], parallelism: 1 }])).message).toContain(
      '"source 0.0" (subtask 1/1) failed processing records: unreadable',
    );
    const waiting = {
      poll: () => 'waiting' as const,
      available: () => Promise.reject(new Error('socket closed')),
    };
    const background = sourceOperator(numbersSource([], waiting), byValue);
    expect((await failureOf([{ operators: [background], parallelism: 1 }])).message).toContain(
      'socket closed',
    );
  });

  it('when a timer fails, then the error has no record and says when', async () => {
    class Timer extends KeyedProcessFunction<number, number, number> {
      processElement(_value: number, context: KeyedProcessContext<number>): void {
        context.timerService().registerEventTimeTimer(1_500);
      }
      override onTimer(): void {
        throw new UserError('bad timer');
      }
    }
    const error = await failureOf(
      after(
        keyedProcessOperator((n: number) => n % 7, new Timer()),
        sinkOperator(collectingSink([])),
      ),
    );
    expect([error.recordPreview, error.retryable]).toEqual([undefined, false]);
    expect(error.message).toContain(
      '"keyedProcess 1.0" (subtask 1/1) failed handling a watermark: bad timer',
    );
  });

  it('when a channel loses a frame, then the tasks fail with a retryable channel error, and no wrong data comes out', async () => {
    const options = networkOptions({
      faults: [{ dropProbability: 0.05, when: ({ subject }) => !subject.endsWith('.credit') }],
    });
    const out: [unknown, number][] = [];
    const job = new TestJob(
      [
        { operators: [numbers(500_000)], parallelism: 1 },
        { operators: [sinkOperator(collectingSink(out))], parallelism: 1 },
      ],
      options,
    );
    await job.run();
    const error = job.errors[0] as TaskError;
    expect(error.cause).toBeInstanceOf(ChannelError);
    expect([error.domain, error.retryable, error.recordPreview]).toEqual(['external', true, undefined]);
    expect(out.map(([n]) => n)).toEqual(Array.from({ length: out.length }, (_, n) => n));
    await job.stop();
  });

  it('when a task is removed, then its functions are closed as aborted and its listener hears nothing', async () => {
    const log: string[] = [];
    const sink = collectingSink([], { close: (aborted) => void log.push(`close ${String(aborted)}`) });
    const endless = { poll: () => ({ splitId: 's', values: [1] }) };
    const operators = [sourceOperator(numbersSource([], endless), byValue), sinkOperator(sink)];
    const job = new TestJob([{ operators, parallelism: 1 }]);
    job.start();
    await job.clock.runFor(50);
    await job.stop();
    await job.clock.runFor(50);
    expect([log, job.finished, job.errors]).toEqual([['close true'], 0, []]);
    expect(job.clock.timers).toEqual([]);
  });
});
