import {
  DataGeneratorSource,
  EventTimeSessionWindows,
  FileSink,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  defineJob,
} from 'millrace';
import type { Collector, KeyedProcessContext } from 'millrace';
import { EveryState } from '../../golden/every-state.ts';

const SLEEP = new Int32Array(new SharedArrayBuffer(4));

/** So slow, where it is told to be, that records wait in the channels before it. */
class SlowEveryState extends EveryState {
  readonly #pauseMs: number;

  constructor(pauseMs: number) {
    super();
    this.#pauseMs = pauseMs;
  }

  override processElement(n: number, context: KeyedProcessContext<number>, out: Collector<string>): void {
    if (this.#pauseMs > 0 && n % 10 === 0) Atomics.wait(SLEEP, 0, 0, this.#pauseMs);
    super.processElement(n, context, out);
  }
}

/** Each number, and what is known of all of them at the end, into files. */
export default defineJob('matrix', (env) => {
  const output = env.getParameter('output');
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
    .rebalance()
    .map((n) => n)
    .uid('spread')
    .keyBy((n) => n % 7);
  numbers
    .process(new SlowEveryState(Number(env.getParameter('pause'))))
    .uid('every-state')
    .sinkTo(FileSink.jsonLines<string>(`${output}/states`))
    .uid('states');
  numbers
    .window(TumblingEventTimeWindows.of('1 s'))
    .reduce((a, b) => a + b)
    .uid('seconds')
    .sinkTo(FileSink.jsonLines<number>(`${output}/seconds`))
    .uid('sums');
  numbers
    .window(EventTimeSessionWindows.withGap('1 h'))
    .reduce((a, b) => Math.max(a, b))
    .uid('sessions')
    .sinkTo(FileSink.jsonLines<number>(`${output}/sessions`))
    .uid('maxima');
});
