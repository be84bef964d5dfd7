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

/** Slower than the source: records wait in the channels before it. */
class SlowEveryState extends EveryState {
  override processElement(n: number, context: KeyedProcessContext<number>, out: Collector<string>): void {
    if (n % 10 === 0) Atomics.wait(SLEEP, 0, 0, 3);
    super.processElement(n, context, out);
  }
}

/** Each number, and what is known of all of them at the end, into files. */
export default defineJob('matrix', (env) => {
  const output = env.getParameter('output');
  const source = new DataGeneratorSource<number>({
    generate: (index) => index,
    count: Number(env.getParameter('count')),
    recordsPerSecond: 4_000,
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
    .process(new SlowEveryState())
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
