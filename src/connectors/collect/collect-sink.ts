import type { CheckpointedFunction, FunctionInitializationContext } from '../../functions/checkpointed.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../functions/sink.ts';
import { ListStateDescriptor } from '../../functions/state.ts';
import type { ListState } from '../../functions/state.ts';
import { RowSender } from '../row-sender.ts';

/** Brings rows to the client that reads `collectId`: the sink behind `stream.collect()`. */
export class CollectSink<T> implements Sink<T> {
  readonly collectId: string;

  constructor(collectId: string) {
    this.collectId = collectId;
  }

  createWriter(context: SinkWriterContext): SinkWriter<T> {
    return new CollectWriter<T>(this.collectId, context);
  }
}

/** A checkpoint holds how many rows were delivered before it; whoever goes on from it voids those behind. */
class CollectWriter<T> implements SinkWriter<T>, CheckpointedFunction {
  readonly #collectId: string;
  readonly #context: SinkWriterContext;
  readonly #sender: RowSender<T>;
  #delivered = 0;
  #state: ListState<number> | undefined;

  constructor(collectId: string, context: SinkWriterContext) {
    this.#collectId = collectId;
    this.#context = context;
    this.#sender = new RowSender<T>((rows) => context.sendResults(collectId, rows));
  }

  async initializeState(context: FunctionInitializationContext): Promise<void> {
    const state = context
      .getOperatorStateStore()
      .getListState(new ListStateDescriptor<number>('delivered rows'));
    this.#state = state;
    if (!context.isRestored()) return;
    this.#delivered = state.get().reduce((sum, rows) => sum + rows, 0);
    await this.#context.sendResults(this.#collectId, [], this.#delivered);
  }

  write(value: T): void {
    this.#delivered += 1;
    this.#sender.add(value);
  }

  pending(): Promise<void> | undefined {
    return this.#sender.pending();
  }

  flush(): Promise<void> {
    return this.#sender.flush();
  }

  async snapshotState(): Promise<void> {
    await this.#sender.flush();
    this.#state?.update([this.#delivered]);
  }

  close(): void {
    this.#sender.discard();
  }
}
