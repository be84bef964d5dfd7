import { SplitQueue, StaticAssigner } from 'millrace';
import type {
  Source,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from 'millrace';
import { EventGenerator } from './event-generator.ts';
import { resolveOptions, splitConfigs } from './options.ts';
import type { NexmarkOptions, ResolvedOptions } from './options.ts';
import type { NexmarkEvent } from './records.ts';

/** A generator and how far it is. */
export interface NexmarkSplit {
  readonly splitId: string;
  readonly index: number;
  /** Events handed out. */
  readonly emitted: number;
  /** Wall time of its start, ms: events are due relative to it. Only where each waits for its time. */
  readonly startedAt?: number;
}

/** The events of Nexmark, timestamped with their `dateTime`. The parallelism that reads them does not change them. */
export class NexmarkSource implements Source<NexmarkEvent, NexmarkSplit> {
  readonly boundedness: 'bounded' | 'continuous-unbounded';
  readonly #options: ResolvedOptions;

  /** @throws RangeError for an option that makes no sense */
  constructor(options: NexmarkOptions = {}) {
    this.#options = resolveOptions(options);
    this.boundedness = this.#options.numEvents === 0 ? 'continuous-unbounded' : 'bounded';
  }

  createEnumerator(context: SplitEnumeratorContext<NexmarkSplit>): SplitEnumerator<NexmarkSplit> {
    const splits = Array.from({ length: this.#options.splits }, (_, index) => ({
      splitId: `${index}/${this.#options.splits}`,
      index,
      emitted: 0,
    }));
    return new StaticAssigner(context, () => splits);
  }

  createReader(context: SourceReaderContext): SourceReader<NexmarkEvent, NexmarkSplit> {
    return new NexmarkReader(this.#options, context);
  }
}

/** Reads its generators in turns, a batch of each, so that their timelines advance together. */
class NexmarkReader implements SourceReader<NexmarkEvent, NexmarkSplit> {
  readonly #context: SourceReaderContext;
  readonly #queue: SplitQueue<NexmarkSplit>;
  readonly #paced: boolean;
  readonly #generators: EventGenerator[];
  /** Read again for each batch: the runtime is done with a batch when it asks for the next. */
  #timestamps = new Float64Array(0);

  constructor(options: ResolvedOptions, context: SourceReaderContext) {
    this.#context = context;
    this.#queue = new SplitQueue(context);
    this.#paced = !options.maxEmitSpeed;
    this.#generators = splitConfigs(options).map((config) => new EventGenerator(config));
  }

  start(): void {
    this.#queue.request();
  }

  addSplits(splits: readonly NexmarkSplit[]): void {
    const startedAt = this.#context.now();
    this.#queue.add(this.#paced ? splits.map((split) => ({ startedAt, ...split })) : splits);
  }

  notifyNoMoreSplits(): void {
    this.#queue.notifyNoMore();
  }

  poll(maxRecords: number): SourceBatch<NexmarkEvent> | 'waiting' | 'end' {
    for (let tries = this.#queue.splits.length; ; tries -= 1) {
      const split = this.#queue.current;
      if (split === undefined) return this.#queue.idle();
      const generator = this.#generator(split);
      this.#queue.finishCurrent();
      const left = generator.config.maxEvents - split.emitted;
      if (left <= 0) continue;
      const count = this.#dueCount(split, generator, Math.min(maxRecords, left));
      if (count > 0) return this.#batch(split, generator, count);
      this.#queue.requeue(split);
      if (tries <= 1) return 'waiting';
    }
  }

  available(): Promise<void> {
    if (!this.#paced || this.#queue.splits.length === 0) return this.#queue.available();
    const due = this.#queue.splits.map((split) => this.#dueAt(split, this.#generator(split)));
    return this.#context.sleep(Math.max(1, Math.min(...due) - this.#context.now()));
  }

  snapshotState(): readonly NexmarkSplit[] {
    return [...this.#queue.splits];
  }

  close(): void {
    this.#queue.wake();
  }

  #generator({ index }: NexmarkSplit): EventGenerator {
    const generator = this.#generators[index];
    if (generator === undefined)
      throw new RangeError(`Nexmark: there is no generator ${index}: was the number of splits changed?`);
    return generator;
  }

  #dueAt(split: NexmarkSplit, generator: EventGenerator): number {
    return (split.startedAt ?? 0) + generator.dueAfter(split.emitted);
  }

  /** How many of the next events may go out now. */
  #dueCount(split: NexmarkSplit, generator: EventGenerator, wanted: number): number {
    if (!this.#paced) return wanted;
    const now = this.#context.now();
    let count = 0;
    while (count < wanted && this.#dueAt({ ...split, emitted: split.emitted + count }, generator) <= now)
      count += 1;
    return count;
  }

  /** The next events of a generator, which then goes to the end of the row. */
  #batch(split: NexmarkSplit, generator: EventGenerator, count: number): SourceBatch<NexmarkEvent> {
    if (this.#timestamps.length < count) this.#timestamps = new Float64Array(count);
    const timestamps = this.#timestamps;
    const values: NexmarkEvent[] = [];
    for (let i = 0; i < count; i += 1) {
      const event = generator.event(split.emitted + i);
      timestamps[i] = event.dateTime;
      values.push(event);
    }
    this.#queue.requeue({ ...split, emitted: split.emitted + count });
    return { splitId: split.splitId, values, timestamps };
  }
}
