import type { DataStream, Sink, SinkWriter, StreamExecutionEnvironment } from 'millrace';

/** Takes rows and keeps nothing. */
export class DiscardingSink<T> implements Sink<T> {
  createWriter(): SinkWriter<T> {
    return { write: () => {}, flush: () => {}, close: () => {} };
  }
}

/** Ends a query as the job parameter `sink` says: `discard` (the default) or `collect`. */
export function emit<T>(env: StreamExecutionEnvironment, rows: DataStream<T>): void {
  const sink = env.getParameter('sink', 'discard');
  if (sink === 'collect') rows.collect();
  else if (sink === 'discard') rows.sinkTo(new DiscardingSink<T>()).name('discard');
  else throw new RangeError(`the job parameter sink is discard or collect, got ${sink}`);
}
