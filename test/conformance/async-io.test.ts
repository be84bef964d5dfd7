import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import {
  AsyncDataStream,
  AsyncFunction,
  AsyncRetryStrategies,
  CollectionSource,
  TimeUnit,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  defineJob,
} from '../../src/index.ts';
import type { Collector, ResultFuture, StreamExecutionEnvironment } from '../../src/index.ts';

const NUMBERS = Array.from({ length: 500 }, (_, i) => i);

/** Resolves after a number of turns of the microtask queue, so that later requests overtake earlier ones. */
async function answer(n: number): Promise<readonly number[]> {
  for (let turns = (n * 7) % 40; turns > 0; turns--) await Promise.resolve();
  return n % 10 === 9 ? [] : [n, n + 1_000];
}
const expected = NUMBERS.filter((n) => n % 10 !== 9).flatMap((n) => [n, n + 1_000]);

async function collect(
  build: (env: StreamExecutionEnvironment) => { collect(): unknown },
  parallelism = 1,
): Promise<readonly unknown[]> {
  const job = defineJob('async', (env) => void build(env).collect());
  return (await runJob(job, { parallelism })).collected();
}

describe('async I/O', () => {
  it.each([1, 3, 100])(
    'when results are awaited in order with capacity %i then they come in the order of the records',
    async (capacity) => {
      const got = await collect((env) =>
        AsyncDataStream.orderedWait(
          env.fromCollection(NUMBERS),
          answer,
          1_000,
          TimeUnit.MILLISECONDS,
          capacity,
        ),
      );
      expect(got).toEqual(expected);
    },
  );

  it.each([1, 3, 100])(
    'when order does not matter with capacity %i then each result comes once',
    async (capacity) => {
      const got = await collect(
        (env) =>
          AsyncDataStream.unorderedWait(
            env.fromCollection(NUMBERS).rebalance(),
            answer,
            '1 s',
            TimeUnit.MILLISECONDS,
            capacity,
          ),
        2,
      );
      expect((got as number[]).toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
    },
  );

  it('when windows follow then no result comes after the watermark that closes its window', async () => {
    const byTime = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner(
      (n: number) => n * 10,
    );
    const run = runJob(
      defineJob('async windows', (env) => {
        const numbers = env.fromSource(new CollectionSource(NUMBERS), byTime, 'numbers');
        AsyncDataStream.unorderedWait(
          numbers,
          async (n: number) => [{ all: 0, n: (await answer(n)).length }],
          1_000,
        )
          .keyBy('all')
          .window(TumblingEventTimeWindows.of(1_000))
          .sum('n')
          .collect();
      }),
    );
    const rows = (await run).collected<{ n: number }>();
    expect(rows.map(({ n }) => n)).toEqual([180, 180, 180, 180, 180]);
  });

  it('when the function completes a result future, also twice, then the first completion counts', async () => {
    class Twice extends AsyncFunction<number, string> {
      asyncInvoke(input: number, result: ResultFuture<string>): void {
        result.complete([`n${input}`]);
        result.complete(['again']);
        result.completeExceptionally(new Error('too late'));
      }
    }
    expect(
      await collect((env) => AsyncDataStream.orderedWait(env.fromCollection([1, 2]), new Twice(), 100)),
    ).toEqual(['n1', 'n2']);
  });

  it('when a request fails then the job fails naming the operator and the cause', async () => {
    const failing = collect((env) =>
      AsyncDataStream.unorderedWait(
        env.fromCollection([1, 2, 3]),
        (n: number) => (n === 2 ? Promise.reject(new Error('service down')) : answer(n)),
        100,
      ).name('lookup'),
    );
    const chain: string[] = [];
    for (let at: unknown = await failing.catch((error: unknown) => error); at instanceof Error; at = at.cause)
      chain.push(at.message);
    expect(chain.join(' | ')).toMatch(/lookup.*service down/);
  });

  it('when a request never answers then the timeout fails it, or the function gives another result', async () => {
    const silent = collect((env) =>
      AsyncDataStream.orderedWait(env.fromCollection([1]), () => new Promise<number[]>(() => {}), 50),
    );
    await expect(silent).rejects.toThrow(/async/);
    class WithDefault extends AsyncFunction<number, number> {
      asyncInvoke(): void {}
      override timeout(input: number, result: ResultFuture<number>): void {
        result.complete([-input]);
      }
    }
    expect(
      await collect((env) => AsyncDataStream.orderedWait(env.fromCollection([1, 2]), new WithDefault(), 50)),
    ).toEqual([-1, -2]);
  });

  it('when a retry strategy is given then failures are tried again up to its bound', async () => {
    const tries = new Map<number, number>();
    const flaky = (n: number): Promise<number[]> => {
      const tried = (tries.get(n) ?? 0) + 1;
      tries.set(n, tried);
      return tried < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve([n]);
    };
    const run = (attempts: number): Promise<readonly unknown[]> => {
      tries.clear();
      return collect((env) =>
        AsyncDataStream.orderedWaitWithRetry(
          env.fromCollection([1, 2]),
          flaky,
          10_000,
          TimeUnit.MILLISECONDS,
          5,
          AsyncRetryStrategies.fixedDelay(attempts, 10),
        ),
      );
    };
    expect(await run(3)).toEqual([1, 2]);
    await expect(run(2)).rejects.toThrow(/async/);
  });

  it.each(['STREAMING', 'BATCH'])(
    'when windows in the same task follow then they see all results before the end of input, in mode %s',
    async (mode) => {
      const byValue = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);
      for (const wait of ['orderedWait', 'unorderedWait'] as const) {
        const job = defineJob('async', (env) => {
          const numbers = env.fromCollection(NUMBERS).assignTimestampsAndWatermarks(byValue);
          AsyncDataStream[wait](numbers, answer, 10, TimeUnit.SECONDS, 100)
            .windowAll(TumblingEventTimeWindows.of(100))
            .process((_key, _context, results: Iterable<number>, out: Collector<number>) =>
              out.collect([...results].length),
            )
            .collect();
        });
        const { collected } = await runJob(job, { configuration: { 'execution.runtime-mode': mode } });
        expect(collected()).toEqual([180, 180, 180, 180, 180]);
      }
    },
  );
});
