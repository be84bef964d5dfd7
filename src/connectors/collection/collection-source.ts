import type {
  Source,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../functions/source.ts';
import { SplitAssigner } from '../split/split-assigner.ts';
import { SplitQueue } from '../split/split-queue.ts';

export interface CollectionSplit {
  readonly splitId: string;
  /** Index of the next value. */
  readonly position: number;
}

/** The given values, in order, from one subtask: `env.fromCollection(...)`. */
export class CollectionSource<T> implements Source<T, CollectionSplit> {
  readonly boundedness = 'bounded';
  readonly #values: readonly T[];

  constructor(values: readonly T[]) {
    this.#values = values;
  }

  createEnumerator(context: SplitEnumeratorContext<CollectionSplit>): SplitEnumerator<CollectionSplit> {
    return new SplitAssigner(context, () => [{ splitId: 'collection', position: 0 }]);
  }

  createReader(context: SourceReaderContext): SourceReader<T, CollectionSplit> {
    return new CollectionReader(this.#values, context);
  }
}

class CollectionReader<T> implements SourceReader<T, CollectionSplit> {
  readonly #values: readonly T[];
  readonly #queue: SplitQueue<CollectionSplit>;

  constructor(values: readonly T[], context: SourceReaderContext) {
    this.#values = values;
    this.#queue = new SplitQueue(context);
  }

  start(): void {
    this.#queue.request();
  }

  addSplits(splits: readonly CollectionSplit[]): void {
    this.#queue.add(splits);
  }

  notifyNoMoreSplits(): void {
    this.#queue.notifyNoMore();
  }

  poll(maxRecords: number): SourceBatch<T> | 'waiting' | 'end' {
    for (;;) {
      const split = this.#queue.current;
      if (split === undefined) return this.#queue.idle();
      const { splitId, position } = split;
      if (position >= this.#values.length) {
        this.#queue.finishCurrent();
        continue;
      }
      const values = this.#values.slice(position, position + maxRecords);
      this.#queue.advance({ splitId, position: position + values.length });
      return { splitId, values };
    }
  }

  available(): Promise<void> {
    return this.#queue.available();
  }

  snapshotState(): readonly CollectionSplit[] {
    return [...this.#queue.splits];
  }

  close(): void {
    this.#queue.wake();
  }
}
