import { UserError } from '../../base/errors.ts';
import type {
  Source,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../functions/source.ts';
import { RateLimiter } from './rate-limiter.ts';

/**
 * Any source, read no faster than a rate: for trying a job out, or to spare what it reads from. Each subtask gets an equal share
 * of the rate, also one that has nothing to read. After a stall up to a second of it is made up for.
 *
 * ```ts
 * env.fromSource(new RateLimitedSource(FileSource.jsonLines<Order>('orders/*.jsonl'), 1_000), strategy, 'orders');
 * ```
 */
export class RateLimitedSource<T, S extends SourceSplit> implements Source<T, S> {
  readonly boundedness: 'bounded' | 'continuous-unbounded';
  readonly restoreEnumerator?: NonNullable<Source<T, S>['restoreEnumerator']>;
  readonly #source: Source<T, S>;
  readonly #recordsPerSecond: number;

  /**
   * @param recordsPerSecond of all subtasks together
   * @throws UserError when the rate is not positive
   */
  constructor(source: Source<T, S>, recordsPerSecond: number) {
    if (!(recordsPerSecond > 0))
      throw new UserError(
        `the rate of a source must be positive, got ${recordsPerSecond} records per second`,
      );
    this.#source = source;
    this.#recordsPerSecond = recordsPerSecond;
    this.boundedness = source.boundedness;
    if (source.restoreEnumerator !== undefined)
      this.restoreEnumerator = source.restoreEnumerator.bind(source);
  }

  createEnumerator(context: SplitEnumeratorContext<S>): SplitEnumerator<S> {
    return this.#source.createEnumerator(context);
  }

  createReader(context: SourceReaderContext): SourceReader<T, S> {
    const share = this.#recordsPerSecond / context.parallelism;
    return new RateLimitedReader(
      this.#source.createReader(context),
      new RateLimiter(share, context.now()),
      context,
    );
  }
}

class RateLimitedReader<T, S extends SourceSplit> implements SourceReader<T, S> {
  readonly pauseOrResumeSplits?: NonNullable<SourceReader<T, S>['pauseOrResumeSplits']>;
  readonly #reader: SourceReader<T, S>;
  readonly #limiter: RateLimiter;
  readonly #context: SourceReaderContext;
  /** Whether the last `poll` was refused by the limiter. */
  #throttled = false;

  constructor(reader: SourceReader<T, S>, limiter: RateLimiter, context: SourceReaderContext) {
    this.#reader = reader;
    this.#limiter = limiter;
    this.#context = context;
    if (reader.pauseOrResumeSplits !== undefined)
      this.pauseOrResumeSplits = reader.pauseOrResumeSplits.bind(reader);
  }

  start(): void | Promise<void> {
    return this.#reader.start();
  }

  addSplits(splits: readonly S[]): void {
    this.#reader.addSplits(splits);
  }

  notifyNoMoreSplits(): void {
    this.#reader.notifyNoMoreSplits();
  }

  poll(maxRecords: number): SourceBatch<T> | 'waiting' | 'end' {
    const permits = this.#limiter.take(maxRecords, this.#context.now());
    this.#throttled = permits === 0;
    if (permits === 0) return 'waiting';
    const polled = this.#reader.poll(permits);
    // A reader may hand over more than it was asked for: that much longer it waits.
    this.#limiter.giveBack(permits - (typeof polled === 'string' ? 0 : polled.values.length));
    return polled;
  }

  available(): Promise<void> {
    if (!this.#throttled) return this.#reader.available();
    return this.#context.sleep(this.#limiter.msUntilNext(this.#context.now()));
  }

  pendingRecords(): number | undefined {
    return this.#reader.pendingRecords?.();
  }

  pendingBytes(): number | undefined {
    return this.#reader.pendingBytes?.();
  }

  snapshotState(): readonly S[] {
    return this.#reader.snapshotState();
  }

  close(): void | Promise<void> {
    return this.#reader.close();
  }
}
