import { DataGeneratorSource, defineJob, WatermarkStrategy } from 'millrace';
import type { Sink, SinkWriter, SinkWriterContext } from 'millrace';

const KEYS = 10_000;

interface Click {
  readonly user: number;
  readonly count: number;
  readonly page: string;
}

/** Takes so many records a second over all its subtasks, and no more. */
class SlowSink<T> implements Sink<T> {
  readonly #recordsPerSecond: number;

  constructor(recordsPerSecond: number) {
    this.#recordsPerSecond = recordsPerSecond;
  }

  createWriter(context: SinkWriterContext): SinkWriter<T> {
    const msPerRecord = (1000 * context.taskInfo.numberOfParallelSubtasks) / this.#recordsPerSecond;
    let freeAt = context.now();
    return {
      write: () => {
        freeAt = Math.max(freeAt, context.now()) + msPerRecord;
      },
      pending: () => {
        const wait = freeAt - context.now();
        return wait > 0 ? new Promise((resolve) => setTimeout(resolve, wait)) : undefined;
      },
      flush: () => {},
      close: () => {},
    };
  }
}

/** An endless source in front of a sink that takes almost nothing: every queue between them is full. */
export default defineJob('slow sink', (env) => {
  const generate = (index: number): Click => ({
    user: (Math.imul(index, 0x9e3779b1) >>> 0) % KEYS,
    count: 1,
    page: `/articles/${index % 9_973}`,
  });
  env
    .fromSource(new DataGeneratorSource({ generate }), WatermarkStrategy.noWatermarks<Click>(), 'clicks')
    .keyBy('user')
    .sum('count')
    .rebalance()
    .sinkTo(new SlowSink<Click>(Number(env.getParameter('rate', '1000'))));
});
