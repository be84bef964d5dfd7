import { defineJob } from '../../src/api/job.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { TumblingEventTimeWindows } from '../../src/dataplane/window/index.ts';
import type { Collector } from '../../src/functions/basic.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';
import type { Scenario } from './simulate.ts';
import { WordsSource, wordAt } from './words-source.ts';
import type { Word } from './words-source.ts';

const WORDS = 2_000;
const SPLITS = 5;
const WINDOW_MS = 500;
/** Counts of each word in each window; every operator kind between a source and `collect()`. */
const JOB = defineJob('simulated word count', (env) => {
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Word>().withTimestampAssigner((word) => word.at);
  env
    .fromSource(new WordsSource(WORDS, SPLITS), strategy, 'words')
    .map(({ word }) => ({ word, count: 1 }))
    .rebalance()
    .filter((pair) => pair.count === 1)
    .keyBy('word')
    .window(TumblingEventTimeWindows.of(WINDOW_MS))
    .aggregate(
      { createAccumulator: () => ({ n: 0 }), add: (_pair, sum) => void sum.n++, getResult: (sum) => sum.n },
      (word, context, [count], out: Collector<string>) =>
        out.collect(`${word}@${context.window.start}=${count}`),
    )
    .collect();
});

/** The same counts by a plain loop. */
function expected(): string[] {
  const counts = new Map<string, number>();
  for (let i = 0; i < WORDS; i++) {
    const { word, at } = wordAt(i);
    const key = `${word}@${Math.floor(at / WINDOW_MS) * WINDOW_MS}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, n]) => `${key}=${n}`).sort();
}

/** A cluster that notices and repairs failures within seconds. */
export const CONFIGURATION = Configuration.of([
  ['parallelism.default', '3'],
  ['taskmanager.numberOfTaskSlots', '2'],
  ['heartbeat.interval', '1 s'],
  ['heartbeat.timeout', '5 s'],
  ['slot.request.timeout', '10 min'],
  ['task.cancellation.timeout', '10 s'],
  ['restart-strategy.type', 'exponential-delay'],
  ['restart-strategy.exponential-delay.initial-backoff', '200 ms'],
  ['restart-strategy.exponential-delay.max-backoff', '5 s'],
]);

/** Without checkpoints: a region that fails begins anew. */
export const WORD_COUNT: Scenario = {
  name: 'word-count',
  job: JOB,
  configuration: CONFIGURATION,
  expected,
  survivesJobManager: true,
};
