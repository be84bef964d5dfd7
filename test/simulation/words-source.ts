import type {
  Source,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../src/functions/source.ts';

/** Words `from` (inclusive) to `to` (exclusive) of the text. */
interface WordsSplit {
  readonly splitId: string;
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

export interface Word {
  readonly word: string;
  /** Event time in ms; a word later by one in the text is later by one here. */
  readonly at: number;
}

/** Word `index` of the text: the same on every node and in the oracle. */
export function wordAt(index: number): Word {
  return { word: `w${(index * 7919) % 23}`, at: index };
}

/**
 * A bounded text cut into splits, read a few words at a time. Each subtask reads splits of its own, in order: one that goes on with a split
 * after a failure would else get an earlier one, whose words are late for it, and no engine could help that.
 */
export class WordsSource implements Source<Word, WordsSplit> {
  readonly boundedness = 'bounded';
  readonly #words: number;
  readonly #splits: number;

  constructor(words: number, splits: number) {
    this.#words = words;
    this.#splits = splits;
  }

  createEnumerator(context: SplitEnumeratorContext<WordsSplit>): SplitEnumerator<WordsSplit> {
    const size = Math.ceil(this.#words / this.#splits);
    const open: WordsSplit[] = Array.from({ length: this.#splits }, (_, i) => ({
      splitId: `split-${i}`,
      index: i,
      from: i * size,
      to: Math.min(this.#words, (i + 1) * size),
    }));
    return enumeratorOf(context, open);
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<WordsSplit>,
    splits: readonly WordsSplit[],
  ): SplitEnumerator<WordsSplit> {
    return enumeratorOf(context, [...splits]);
  }

  createReader(context: SourceReaderContext): SourceReader<Word, WordsSplit> {
    return new WordsReader(context);
  }
}

function enumeratorOf(
  context: SplitEnumeratorContext<WordsSplit>,
  open: WordsSplit[],
): SplitEnumerator<WordsSplit> {
  return {
    start: () => {},
    addReader: () => {},
    handleSplitRequest: (subtask) => {
      const at = open.findIndex(({ index }) => index % context.parallelism === subtask);
      const [next] = at < 0 ? [] : open.splice(at, 1);
      if (next === undefined) context.signalNoMoreSplits(subtask);
      else context.assignSplits(subtask, [next]);
    },
    // In the order of event time again.
    addSplitsBack: (splits) => {
      open.push(...splits);
      open.sort((a, b) => a.from - b.from);
    },
    snapshotState: () => [...open],
    close: () => {},
  };
}

const WORDS_PER_BATCH = 40;

class WordsReader implements SourceReader<Word, WordsSplit> {
  readonly #context: SourceReaderContext;
  #split: WordsSplit | undefined;
  readonly #waiting: WordsSplit[] = [];
  #noMore = false;
  #arrived = Promise.withResolvers<void>();

  constructor(context: SourceReaderContext) {
    this.#context = context;
  }

  start(): void {
    if (this.#split === undefined) this.#context.sendSplitRequest();
  }

  /** One at a time, the earlier one first: after a restore there may be two. */
  addSplits(splits: readonly WordsSplit[]): void {
    this.#waiting.push(...splits);
    this.#waiting.sort((a, b) => a.from - b.from);
    this.#split ??= this.#waiting.shift();
    this.#arrived.resolve();
  }

  notifyNoMoreSplits(): void {
    this.#noMore = true;
    this.#arrived.resolve();
  }

  poll(): SourceBatch<Word> | 'waiting' | 'end' {
    const split = this.#split;
    if (split === undefined) return this.#noMore ? 'end' : 'waiting';
    const to = Math.min(split.to, split.from + WORDS_PER_BATCH);
    const values = Array.from({ length: to - split.from }, (_, i) => wordAt(split.from + i));
    if (to < split.to) {
      this.#split = { ...split, from: to };
    } else {
      this.#split = this.#waiting.shift();
      if (this.#split === undefined) {
        this.#arrived = Promise.withResolvers();
        this.#context.sendSplitRequest();
      }
    }
    return { splitId: split.splitId, values };
  }

  available(): Promise<void> {
    return this.#split !== undefined || this.#noMore ? Promise.resolve() : this.#arrived.promise;
  }

  snapshotState(): readonly WordsSplit[] {
    return this.#split === undefined ? [] : [this.#split, ...this.#waiting];
  }

  close(): void {}
}
