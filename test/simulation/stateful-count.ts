import { defineJob } from '../../src/api/job.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { TumblingEventTimeWindows } from '../../src/dataplane/window/index.ts';
import type { Collector } from '../../src/functions/basic.ts';
import type { RuntimeContext } from '../../src/functions/context.ts';
import { KeyedProcessFunction } from '../../src/functions/process.ts';
import type { KeyedProcessContext, OnTimerContext } from '../../src/functions/process.ts';
import { MapStateDescriptor, ValueStateDescriptor } from '../../src/functions/state.ts';
import type { MapState, ValueState } from '../../src/functions/state.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';
import type { Scenario } from './simulate.ts';
import { CONFIGURATION } from './word-count.ts';
import { WordsSource, wordAt } from './words-source.ts';
import type { Word } from './words-source.ts';

const WORDS = 6_000;
const SPLITS = 7;
const WINDOW_MS = 500;
const REPORT_MS = 200;

/** Numbers the occurrences of each word in its own state; a timer reports how many came before each report time. */
class Numbering extends KeyedProcessFunction<string, Word, string> {
  #count: ValueState<number> | undefined;
  #perReport: MapState<number, number> | undefined;

  override open(context: RuntimeContext): void {
    this.#count = context.getState(new ValueStateDescriptor('count', 0));
    this.#perReport = context.getMapState(new MapStateDescriptor<number, number>('per report'));
  }

  processElement({ at }: Word, context: KeyedProcessContext<string>): void {
    this.#count?.update((this.#count.value() ?? 0) + 1);
    const report = reportOf(at);
    this.#perReport?.put(report, (this.#perReport.get(report) ?? 0) + 1);
    context.timerService().registerEventTimeTimer(report);
  }

  override onTimer(timestamp: number, context: OnTimerContext<string>, out: Collector<string>): void {
    out.collect(`${context.getCurrentKey()} before ${timestamp}: ${this.#perReport?.get(timestamp)}`);
    this.#perReport?.remove(timestamp);
  }
}

const reportOf = (at: number): number => (Math.floor(at / REPORT_MS) + 1) * REPORT_MS;

/** Keyed state, timers and windows behind exchanges, with checkpoints: a region that fails goes on from the last one. */
const JOB = defineJob('simulated stateful count', (env) => {
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Word>().withTimestampAssigner((word) => word.at);
  const words = env
    .fromSource(new WordsSource(WORDS, SPLITS), strategy, 'words')
    .rebalance()
    .filter(() => true);
  words
    .keyBy('word')
    .process(new Numbering())
    .union(
      words
        .keyBy('word')
        .window(TumblingEventTimeWindows.of(WINDOW_MS))
        .aggregate(
          {
            createAccumulator: () => ({ n: 0 }),
            add: (_word, sum) => void sum.n++,
            getResult: (sum) => sum.n,
          },
          (word, context, [count], out: Collector<string>) =>
            out.collect(`${word}@${context.window.start}=${count}`),
        ),
    )
    .collect();
});

function expected(): readonly string[] {
  const counts = new Map<string, number>();
  const add = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  for (let i = 0; i < WORDS; i++) {
    const { word, at } = wordAt(i);
    add(`${word}@${Math.floor(at / WINDOW_MS) * WINDOW_MS}=`);
    add(`${word} before ${reportOf(at)}: `);
  }
  return [...counts].map(([key, n]) => `${key}${n}`).sort();
}

const CHECKPOINTED = CONFIGURATION.with(
  Configuration.of([
    ['execution.checkpointing.interval', '300 ms'],
    ['execution.checkpointing.timeout', '5 s'],
    ['execution.checkpointing.tolerable-failed-checkpoints', '1000'],
    ['execution.checkpointing.orphan-sweep-interval', '500 ms'],
  ]),
);

/** Rows of `collect()` are held by the JobManager, so these scenarios spare it. */
export const STATEFUL_COUNT: Scenario = {
  name: 'stateful-count',
  job: JOB,
  configuration: CHECKPOINTED,
  expected,
  survivesJobManager: false,
};

/** The same with unaligned checkpoints: what is in the channels is part of them. */
export const UNALIGNED_COUNT: Scenario = {
  ...STATEFUL_COUNT,
  name: 'unaligned-count',
  configuration: CHECKPOINTED.with(Configuration.of([['execution.checkpointing.unaligned', 'true']])),
};

/** State that is left in the files of checkpoints when a region goes on from them: records and timers wait for it, checkpoints do not. */
export const REMOTE_COUNT: Scenario = {
  ...STATEFUL_COUNT,
  name: 'remote-count',
  configuration: CHECKPOINTED.with(
    Configuration.of([
      ['state.backend.type', 'forst'],
      ['execution.checkpointing.unaligned', 'true'],
    ]),
  ),
};
