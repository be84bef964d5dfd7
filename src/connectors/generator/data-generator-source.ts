import { UserError } from '../../base/errors.ts';
import type {
  Source,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../functions/source.ts';
import { SplitQueue } from '../split/split-queue.ts';
import { StaticAssigner } from '../split/static-assigner.ts';
import { RateLimiter } from '../rate-limit/rate-limiter.ts';

export interface DataGeneratorOptions<T> {
  /** The record with this index: the same index must always give the same record, so that a restart repeats it. */
  readonly generate: (index: number) => T;
  /** Number of records; without it the source never ends. */
  readonly count?: number;
  /** Rate of the whole source over all its subtasks. Default: as fast as they are taken. */
  readonly recordsPerSecond?: number;
  /** Sequences of indexes that are read independently; default: the parallelism of the source. */
  readonly splits?: number;
}

/** Indexes `first`, `first + step`, ...; `next` is the first one not emitted. */
export interface GeneratorSplit {
  readonly splitId: string;
  readonly next: number;
  readonly step: number;
}

/**
 * Records made from their index: 0, 1, 2, ... A subtask generates every n-th, so that indexes, and times derived from them,
 * grow in step over the subtasks.
 */
export class DataGeneratorSource<T> implements Source<T, GeneratorSplit> {
  readonly boundedness: 'bounded' | 'continuous-unbounded';
  readonly #options: DataGeneratorOptions<T>;

  /** @throws UserError when count, rate or splits make no sense */
  constructor(options: DataGeneratorOptions<T>) {
    const { count, recordsPerSecond, splits } = options;
    if (typeof options.generate !== 'function')
      throw new UserError('DataGeneratorSource needs a function `generate`');
    if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
      throw new UserError(`count of a generator must be a whole number of at least 0, got ${count}`);
    }
    if (recordsPerSecond !== undefined && !(recordsPerSecond > 0)) {
      throw new UserError(`recordsPerSecond of a generator must be positive, got ${recordsPerSecond}`);
    }
    if (splits !== undefined && !(Number.isSafeInteger(splits) && splits >= 1)) {
      throw new UserError(`splits of a generator must be a whole number of at least 1, got ${splits}`);
    }
    this.#options = options;
    this.boundedness = count === undefined ? 'continuous-unbounded' : 'bounded';
  }

  createEnumerator(context: SplitEnumeratorContext<GeneratorSplit>): SplitEnumerator<GeneratorSplit> {
    const step = this.#options.splits ?? context.parallelism;
    const splits = Array.from({ length: step }, (_, first) => ({
      splitId: `${first}/${step}`,
      next: first,
      step,
    }));
    return new StaticAssigner(context, () => splits);
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<GeneratorSplit>,
    splits: readonly GeneratorSplit[],
  ): SplitEnumerator<GeneratorSplit> {
    return new StaticAssigner(
      context,
      () => splits,
      ({ splitId }) => Number.parseInt(splitId, 10),
    );
  }

  createReader(context: SourceReaderContext): SourceReader<T, GeneratorSplit> {
    return new GeneratorReader(this.#options, context);
  }
}

class GeneratorReader<T> implements SourceReader<T, GeneratorSplit> {
  readonly #generate: (index: number) => T;
  readonly #count: number;
  readonly #recordsPerSecond: number | undefined;
  readonly #context: SourceReaderContext;
  readonly #queue: SplitQueue<GeneratorSplit>;
  readonly #paused = new Set<string>();
  #limiter: RateLimiter | undefined;

  constructor(options: DataGeneratorOptions<T>, context: SourceReaderContext) {
    this.#generate = options.generate;
    this.#count = options.count ?? Number.MAX_SAFE_INTEGER;
    this.#recordsPerSecond = options.recordsPerSecond;
    this.#context = context;
    this.#queue = new SplitQueue(context);
  }

  start(): void {
    this.#queue.requestAll();
  }

  addSplits(splits: readonly GeneratorSplit[]): void {
    this.#queue.add(splits);
    const [first] = this.#queue.splits;
    if (this.#recordsPerSecond === undefined || first === undefined) return;
    const share = this.#queue.splits.length / first.step;
    this.#limiter = new RateLimiter(this.#recordsPerSecond * share, this.#context.now());
  }

  notifyNoMoreSplits(): void {
    this.#queue.notifyNoMore();
  }

  pauseOrResumeSplits(toPause: readonly string[], toResume: readonly string[]): void {
    for (const splitId of toPause) this.#paused.add(splitId);
    for (const splitId of toResume) this.#paused.delete(splitId);
    if (toResume.length > 0) this.#queue.wake();
  }

  poll(maxRecords: number): SourceBatch<T> | 'waiting' | 'end' {
    for (;;) {
      this.#passPaused();
      const split = this.#queue.current;
      if (split === undefined) return this.#queue.idle();
      if (this.#paused.has(split.splitId)) return 'waiting';
      const left = Math.ceil((this.#count - split.next) / split.step);
      if (left <= 0) {
        this.#queue.finishCurrent();
        continue;
      }
      const allowed =
        this.#limiter?.take(Math.min(maxRecords, left), this.#context.now()) ?? Math.min(maxRecords, left);
      if (allowed === 0) return 'waiting';
      return this.#batch(split, allowed);
    }
  }

  available(): Promise<void> {
    const limiter = this.#limiter;
    const { current } = this.#queue;
    if (limiter === undefined || current === undefined || this.#paused.has(current.splitId))
      return this.#queue.available();
    return this.#context.sleep(limiter.msUntilNext(this.#context.now()));
  }

  snapshotState(): readonly GeneratorSplit[] {
    return [...this.#queue.splits];
  }

  close(): void {
    this.#queue.wake();
  }

  /** Brings a split that is not paused to the front, if there is one. */
  #passPaused(): void {
    if (this.#paused.size === 0) return;
    for (let turns = this.#queue.splits.length; turns > 0; turns -= 1) {
      const split = this.#queue.current;
      if (split === undefined || !this.#paused.has(split.splitId)) return;
      this.#queue.finishCurrent();
      this.#queue.requeue(split);
    }
  }

  /** The next records of the split in hand, which then goes to the end of the row. */
  #batch(split: GeneratorSplit, length: number): SourceBatch<T> {
    const { splitId, step } = split;
    const generate = this.#generate;
    const values: T[] = [];
    let next = split.next;
    for (let taken = 0; taken < length; taken += 1) {
      values.push(generate(next));
      next += step;
    }
    this.#queue.finishCurrent();
    this.#queue.requeue({ splitId, next, step });
    return { splitId, values };
  }
}
