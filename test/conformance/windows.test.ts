import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import {
  CollectionSource,
  ContinuousEventTimeTrigger,
  CountEvictor,
  CountTrigger,
  DynamicEventTimeSessionWindows,
  GlobalWindows,
  ProcessingTimeSessionWindows,
  PurgingTrigger,
  TimeEvictor,
  Trigger,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  WatermarkStrategy,
  defineJob,
} from '../../src/index.ts';
import type {
  KeyedStream,
  StreamExecutionEnvironment,
  TimeWindow,
  TriggerContext,
  TriggerResult,
} from '../../src/index.ts';

interface Reading {
  readonly sensor: string;
  readonly value: number;
  readonly at: number;
}

const READINGS: readonly Reading[] = [1, 2, 3, 4, 5, 6, 7].map((value) => ({
  sensor: 's',
  value,
  at: value * 100,
}));
const BY_TIME = WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestampAssigner(
  (r: Reading) => r.at,
);

async function rows(
  build: (readings: KeyedStream<Reading, string>) => { collect(): unknown },
): Promise<readonly unknown[]> {
  const job = defineJob('windows', (env: StreamExecutionEnvironment) => {
    build(env.fromSource(new CollectionSource(READINGS), BY_TIME, 'readings').keyBy('sensor')).collect();
  });
  return (await runJob(job)).collected();
}

const sums = (readings: Iterable<Reading>): string => [...readings].map(({ value }) => value).join('+');

describe('count windows', () => {
  it('when so many records have come then the window emits and begins anew', async () => {
    const got = await rows((readings) =>
      readings
        .countWindow(3)
        .sum('value')
        .map(({ value }) => value),
    );
    expect(got).toEqual([6, 15]);
  });

  it('when count windows slide then each sees the last records', async () => {
    const got = await rows((readings) =>
      readings
        .countWindow(3, 2)
        .sum('value')
        .map(({ value }) => value),
    );
    expect(got).toEqual([1 + 2, 2 + 3 + 4, 4 + 5 + 6]);
  });
});

describe('triggers and evictors', () => {
  it('when a global window has a purging count trigger then nothing is seen twice', async () => {
    const got = await rows((readings) =>
      readings
        .window(GlobalWindows.create())
        .trigger(PurgingTrigger.of(CountTrigger.of(2)))
        .process<string>((_key, _context, all, out) => out.collect(sums(all))),
    );
    expect(got).toEqual(['1+2', '3+4', '5+6']);
  });

  it('when a count trigger does not purge then each result has all records so far', async () => {
    const got = await rows((readings) =>
      readings
        .window(TumblingEventTimeWindows.of(10_000))
        .trigger(CountTrigger.of(3))
        .process<string>((_key, _context, all, out) => out.collect(sums(all))),
    );
    expect(got).toEqual(['1+2+3', '1+2+3+4+5+6']);
  });

  it('when a continuous trigger is used then the window emits early and at its end', async () => {
    const got = await rows((readings) =>
      readings
        .window(TumblingEventTimeWindows.of(10_000))
        .trigger(ContinuousEventTimeTrigger.of(5_000))
        .sum('value')
        .map(({ value }) => value),
    );
    expect(got).toEqual([28, 28]);
  });

  it('when a trigger is written by hand then its own state decides', async () => {
    class OnFour extends Trigger<Reading> {
      onElement(reading: Reading, _at: number, _window: TimeWindow, context: TriggerContext): TriggerResult {
        const sum = (context.getValue<number>('sum') ?? 0) + reading.value;
        context.setValue('sum', sum >= 10 ? 0 : sum);
        return sum >= 10 ? 'FIRE_AND_PURGE' : 'CONTINUE';
      }
    }
    const got = await rows((readings) =>
      readings
        .window(GlobalWindows.create())
        .trigger(new OnFour())
        .sum('value')
        .map(({ value }) => value),
    );
    expect(got).toEqual([10, 11]);
  });

  it('when an evictor keeps the last or the recent records then the function sees those only', async () => {
    const last = await rows((readings) =>
      readings
        .window(TumblingEventTimeWindows.of(1_000))
        .evictor(CountEvictor.of(2))
        .process<string>((_key, _context, all, out) => out.collect(sums(all))),
    );
    expect(last).toEqual(['6+7']);
    const recent = await rows((readings) =>
      readings
        .window(TumblingEventTimeWindows.of(1_000))
        .evictor(TimeEvictor.of(200))
        .process<string>((_key, _context, all, out) => out.collect(sums(all))),
    );
    expect(recent).toEqual(['5+6+7']);
  });

  it('when an evictor meets an incremental aggregate then the graph is refused with the cure', async () => {
    const run = rows((readings) =>
      readings.window(TumblingEventTimeWindows.of(1_000)).evictor(CountEvictor.of(2)).sum('value'),
    );
    await expect(run).rejects.toThrow(/an evictor needs all records of a window: use process\(\)/);
  });
});

describe('other windows', () => {
  it('when each record brings its gap then sessions end accordingly', async () => {
    const got = await rows((readings) =>
      readings
        .window(DynamicEventTimeSessionWindows.withDynamicGap((r: Reading) => (r.value === 3 ? 50 : 150)))
        .process<string>((_key, { window }, all, out) =>
          out.collect(`${window.start}-${window.end} ${sums(all)}`),
        ),
    );
    expect(got).toEqual(['100-350 1+2+3', '400-850 4+5+6+7']);
  });

  it('when windows follow the wall clock then every record is in one of them', async () => {
    const tumbling = await rows((readings) =>
      readings
        .window(TumblingProcessingTimeWindows.of(1_000))
        .sum('value')
        .map(({ value }) => value),
    );
    expect((tumbling as number[]).reduce((a, b) => a + b, 0)).toBe(28);
    const session = await rows((readings) =>
      readings
        .window(ProcessingTimeSessionWindows.withGap(1_000))
        .sum('value')
        .map(({ value }) => value),
    );
    expect(session).toEqual([28]);
  });
});
