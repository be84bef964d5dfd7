import { InternalError } from '../../base/errors.ts';
import type {
  Source,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
} from '../../functions/source.ts';
import { hybridSplit, hybridSplitId } from './hybrid-split.ts';
import type { HybridSplit } from './hybrid-split.ts';

/** Reads one source after the other, each with a reader of its own. */
export class HybridReader<T> implements SourceReader<T, HybridSplit> {
  readonly #sources: readonly Source<T>[];
  readonly #context: SourceReaderContext;
  /** Splits whose reader has not started yet. */
  #waiting: HybridSplit[] = [];
  #index = 0;
  #reader: SourceReader<T, SourceSplit> | undefined;
  #started = false;
  /** Sources up to this one have no more splits. */
  #endedUpTo = -1;
  #asked = false;
  #failure: { readonly error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(sources: readonly Source<T>[], context: SourceReaderContext) {
    this.#sources = sources;
    this.#context = context;
  }

  start(): Promise<void> {
    return this.#begin();
  }

  addSplits(splits: readonly HybridSplit[]): void {
    this.#asked = false;
    for (const { sourceIndex, split } of splits) {
      if (split === null) this.#endedUpTo = Math.max(this.#endedUpTo, sourceIndex);
      else if (sourceIndex < this.#index)
        throw new InternalError(`a split of source ${sourceIndex} came to a reader of source ${this.#index}`);
    }
    this.#waiting.push(...splits.filter(({ split }) => split !== null));
    this.#deliver();
  }

  notifyNoMoreSplits(): void {
    this.#endedUpTo = this.#sources.length - 1;
    this.#deliver();
  }

  poll(maxRecords: number): SourceBatch<T> | 'waiting' | 'end' {
    if (this.#failure !== undefined) throw this.#failure.error;
    const reader = this.#reader;
    if (reader === undefined || !this.#started) return 'waiting';
    const polled = reader.poll(maxRecords);
    if (polled === 'waiting') return polled;
    if (polled !== 'end') return { ...polled, splitId: hybridSplitId(this.#index, polled.splitId) };
    if (this.#index === this.#sources.length - 1) return 'end';
    this.#switch(reader);
    return 'waiting';
  }

  /** Of the source in hand, where its reader can pause; splits of later sources are not read yet. */
  pauseOrResumeSplits(toPause: readonly string[], toResume: readonly string[]): void {
    const prefix = hybridSplitId(this.#index, '');
    const own = (ids: readonly string[]): string[] =>
      ids.filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length));
    if (this.#started) this.#reader?.pauseOrResumeSplits?.(own(toPause), own(toResume));
  }

  available(): Promise<void> {
    const changed = this.#changed.promise;
    if (this.#failure !== undefined) return Promise.resolve();
    if (this.#reader === undefined || !this.#started) return changed;
    return Promise.race([this.#reader.available(), changed]);
  }

  pendingRecords(): number | undefined {
    return this.#reader?.pendingRecords?.();
  }

  pendingBytes(): number | undefined {
    return this.#reader?.pendingBytes?.();
  }

  snapshotState(): readonly HybridSplit[] {
    const held = this.#started ? (this.#reader?.snapshotState() ?? []) : [];
    return [...held.map((split) => hybridSplit(this.#index, split)), ...this.#waiting];
  }

  async close(): Promise<void> {
    this.#change();
    await this.#reader?.close();
  }

  async #begin(): Promise<void> {
    const index = this.#index;
    const source = this.#sources[index];
    if (source === undefined) throw new InternalError(`there is no source ${index}`);
    const reader = source.createReader({
      ...this.#context,
      sendSplitRequest: () => {
        if (index === this.#index) this.#request();
      },
    });
    this.#reader = reader;
    await reader.start();
    this.#started = true;
    this.#deliver();
  }

  /** The source in hand is read: asking once more says so, and the answer brings splits of the next. */
  #switch(finished: SourceReader<T, SourceSplit>): void {
    this.#started = false;
    this.#reader = undefined;
    this.#index += 1;
    if (this.#index > this.#endedUpTo) {
      this.#asked = false;
      this.#request();
    }
    Promise.resolve(finished.close())
      .then(() => this.#begin())
      .catch((error: unknown) => {
        this.#failure = { error };
        this.#change();
      });
  }

  #request(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#context.sendSplitRequest();
  }

  /** Gives the reader in hand its splits and the news that there are no more. */
  #deliver(): void {
    if (this.#reader === undefined || !this.#started) return;
    const own = this.#waiting.filter(({ sourceIndex }) => sourceIndex === this.#index);
    this.#waiting = this.#waiting.filter(({ sourceIndex }) => sourceIndex !== this.#index);
    if (own.length > 0) this.#reader.addSplits(own.map(({ split }) => split as SourceSplit));
    if (this.#index <= this.#endedUpTo) this.#reader.notifyNoMoreSplits();
    this.#change();
  }

  #change(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}
