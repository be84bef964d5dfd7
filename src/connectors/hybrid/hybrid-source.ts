import { UserError } from '../../base/errors.ts';
import type {
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../functions/source.ts';
import { HybridEnumerator } from './hybrid-enumerator.ts';
import { HybridReader } from './hybrid-reader.ts';
import type { HybridSplit } from './hybrid-split.ts';

/**
 * Several sources of the same type, read one after the other: history from files, then what is new from a stream. The next
 * begins when all subtasks have read the one before. All but the last must be bounded; ids of splits begin with the
 * index of their source.
 */
export class HybridSource<T> implements Source<T, HybridSplit> {
  readonly boundedness: 'bounded' | 'continuous-unbounded';
  readonly #sources: readonly Source<T>[];

  /** Made by `HybridSource.builder(first).addSource(next).build()`. */
  constructor(sources: readonly Source<T>[]) {
    for (const [index, source] of sources.slice(0, -1).entries()) {
      if (source.boundedness === 'bounded') continue;
      throw new UserError(
        `source ${index + 1} of ${sources.length} of a HybridSource is unbounded and would never give way to the next: ` +
          'only the last source may be unbounded',
      );
    }
    this.#sources = sources;
    this.boundedness = sources.at(-1)?.boundedness ?? 'bounded';
  }

  static builder<T, S extends SourceSplit>(first: Source<T, S>): HybridSourceBuilder<T> {
    return new HybridSourceBuilder<T>(first as unknown as Source<T>);
  }

  createEnumerator(context: SplitEnumeratorContext<HybridSplit>): SplitEnumerator<HybridSplit> {
    return new HybridEnumerator(this.#sources, context);
  }

  /**
   * Begins with the first source again, of which only what the checkpoint holds is left: sources that were read to their end are
   * passed at once, and no split of the next is handed out before all readers are done with the one before.
   */
  restoreEnumerator(
    context: SplitEnumeratorContext<HybridSplit>,
    splits: readonly HybridSplit[],
  ): SplitEnumerator<HybridSplit> {
    return new HybridEnumerator(this.#sources, context, splits);
  }

  createReader(context: SourceReaderContext): SourceReader<T, HybridSplit> {
    return new HybridReader(this.#sources, context);
  }
}

export class HybridSourceBuilder<T> {
  readonly #sources: Source<T>[];

  constructor(first: Source<T>) {
    this.#sources = [first];
  }

  /** The source that follows those added so far. */
  addSource<S extends SourceSplit>(next: Source<T, S>): this {
    this.#sources.push(next as unknown as Source<T>);
    return this;
  }

  /** @throws UserError when a source other than the last is unbounded */
  build(): HybridSource<T> {
    return new HybridSource<T>([...this.#sources]);
  }
}
