import type { Sink, SinkWriter, SinkWriterContext } from '../../functions/sink.ts';
import { RowSender } from '../row-sender.ts';

/** Brings rows to the client that reads `collectId`: the sink behind `stream.collect()`. */
export class CollectSink<T> implements Sink<T> {
  readonly collectId: string;

  constructor(collectId: string) {
    this.collectId = collectId;
  }

  createWriter(context: SinkWriterContext): SinkWriter<T> {
    const sender = new RowSender<T>((rows) => context.sendResults(this.collectId, rows));
    return {
      write: (value) => sender.add(value),
      pending: () => sender.pending(),
      flush: () => sender.flush(),
      close: () => sender.discard(),
    };
  }
}
