import { SplitQueue, StaticAssigner } from 'millrace';
import type {
  Source,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from 'millrace';
import { monotonicMs } from './monotonic.ts';

export interface DueOptions<T> {
  /** The record with this index, which was due at this time (`monotonicMs`). */
  readonly generate: (index: number, due: number) => T;
  readonly count: number;
  readonly recordsPerSecond: number;
  /** When the record with index 0 is due. */
  readonly startAt: number;
}

export interface DueSplit {
  readonly splitId: string;
  /** Indexes `next`, `next + step`, ... */
  readonly next: number;
  readonly step: number;
}

/**
 * Records that are due at a steady rate and say when. One that is handed over late keeps the time at which it was due: what
 * waits because the engine was slow counts as latency (no coordinated omission), and nothing is left out after a stall.
 */
export class DueSource<T> implements Source<T, DueSplit> {
  readonly boundedness = 'bounded';
  readonly #options: DueOptions<T>;

  constructor(options: DueOptions<T>) {
    this.#options = options;
  }

  createEnumerator(context: SplitEnumeratorContext<DueSplit>): SplitEnumerator<DueSplit> {
    const step = context.parallelism;
    return new StaticAssigner(context, () =>
      Array.from({ length: step }, (_, next) => ({ splitId: `${next}/${step}`, next, step })),
    );
  }

  createReader(context: SourceReaderContext): SourceReader<T, DueSplit> {
    return new DueReader(this.#options, context);
  }
}

/** Below this, a timer would wake it too late: it lets other events have their turn and looks again. */
const TIMER_MS = 2;

class DueReader<T> implements SourceReader<T, DueSplit> {
  readonly #options: DueOptions<T>;
  readonly #queue: SplitQueue<DueSplit>;
  readonly #msPerRecord: number;

  constructor(options: DueOptions<T>, context: SourceReaderContext) {
    this.#options = options;
    this.#queue = new SplitQueue(context);
    this.#msPerRecord = 1000 / options.recordsPerSecond;
  }

  start(): void {
    this.#queue.request();
  }

  addSplits(splits: readonly DueSplit[]): void {
    this.#queue.add(splits);
  }

  notifyNoMoreSplits(): void {
    this.#queue.notifyNoMore();
  }

  poll(maxRecords: number): SourceBatch<T> | 'waiting' | 'end' {
    const split = this.#queue.current;
    if (split === undefined) return this.#queue.idle();
    const { splitId, step } = split;
    const { count, generate } = this.#options;
    if (split.next >= count) {
      this.#queue.finishCurrent();
      return this.poll(maxRecords);
    }
    const now = monotonicMs();
    const values: T[] = [];
    let { next } = split;
    while (values.length < maxRecords && next < count) {
      const due = this.#dueAt(next);
      if (due > now) break;
      values.push(generate(next, due));
      next += step;
    }
    if (values.length === 0) return 'waiting';
    this.#queue.advance({ splitId, next, step });
    return { splitId, values };
  }

  available(): Promise<void> {
    const { current } = this.#queue;
    if (current === undefined) return this.#queue.available();
    const left = this.#dueAt(current.next) - monotonicMs();
    return new Promise((resolve) => {
      if (left > TIMER_MS) setTimeout(resolve, left - TIMER_MS);
      else setImmediate(resolve);
    });
  }

  snapshotState(): readonly DueSplit[] {
    return [...this.#queue.splits];
  }

  close(): void {
    this.#queue.wake();
  }

  #dueAt(index: number): number {
    return this.#options.startAt + index * this.#msPerRecord;
  }
}
