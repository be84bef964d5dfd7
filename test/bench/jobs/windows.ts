import {
  DataGeneratorSource,
  defineJob,
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  Time,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from 'millrace';
import type { AggregateFunction, KeyedStream } from 'millrace';
import { ReportingSink } from '../job-report.ts';

const KEYS = 100;
/** Of event time: records arrive in order. */
const RECORDS_PER_MS = 10;
/** Keys of sessions are in use for so long, then others are: that ends sessions. */
const ROTATION_MS = 5_000;

interface Click {
  readonly user: number;
  readonly at: number;
}

interface Counter {
  count: number;
}

const counting: AggregateFunction<Click, Counter, number> = {
  createAccumulator: () => ({ count: 0 }),
  add: (_click, counter) => {
    counter.count += 1;
  },
  getResult: ({ count }) => count,
  merge: (a, b) => {
    a.count += b.count;
    return a;
  },
};

const scattered = (index: number): number => (Math.imul(index, 0x9e3779b1) >>> 0) % KEYS;

/** Which key a record has. */
const KEYS_OF: Readonly<Record<string, (index: number) => number>> = {
  uniform: scattered,
  hot: (index) => (index % 2 === 0 ? 0 : scattered(index)),
  rotating: (index) => scattered(index) + KEYS * Math.floor(index / RECORDS_PER_MS / ROTATION_MS),
};

/** Counts per window, and in how many windows each record is. */
const WINDOWS: Readonly<
  Record<string, (clicks: KeyedStream<Click, number>) => [ReturnType<typeof countIn>, number]>
> = {
  tumbling: (clicks) => [countIn(clicks, TumblingEventTimeWindows.of(Time.seconds(10))), 1],
  sliding: (clicks) => [countIn(clicks, SlidingEventTimeWindows.of(Time.seconds(10), Time.seconds(2))), 5],
  'sliding-long': (clicks) => [
    countIn(clicks, SlidingEventTimeWindows.of(Time.minutes(10), Time.seconds(1))),
    600,
  ],
  session: (clicks) => [countIn(clicks, EventTimeSessionWindows.withGap(Time.seconds(1))), 1],
};

function countIn(
  clicks: KeyedStream<Click, number>,
  assigner: Parameters<KeyedStream<Click, number>['window']>[0],
) {
  return clicks.window(assigner).aggregate(counting);
}

/** Counts clicks per user in windows; the sink adds the counts up, so that each record is accounted for. */
export default defineJob('windows', (env) => {
  const count = Number(env.getParameter('records', '1000000'));
  const keyOf = KEYS_OF[env.getParameter('keys', 'uniform')] ?? scattered;
  const windowed = WINDOWS[env.getParameter('window', 'tumbling')];
  if (windowed === undefined) throw new RangeError('there is no such window');
  const generate = (index: number): Click => ({
    user: keyOf(index),
    at: Math.floor(index / RECORDS_PER_MS),
  });
  const inOrder = WatermarkStrategy.forMonotonousTimestamps<Click>().withTimestampAssigner(({ at }) => at);
  const clicks = env.fromSource(new DataGeneratorSource({ generate, count }), inOrder, 'clicks');
  const [counts, windowsPerRecord] = windowed(clicks.keyBy((click) => click.user));
  counts.sinkTo(new ReportingSink<number>(env.getParameter('report', '.'), (n) => n / windowsPerRecord));
});
