import type { SourceReaderContext, SourceSplit } from '../../functions/source.ts';

/**
 * The half of a reader that every source shares: the splits it holds, when to ask for more, and waking whoever waits.
 * One split is read after the other; the next is asked for when the last one is done.
 */
export class SplitQueue<S extends SourceSplit> {
  readonly #context: SourceReaderContext;
  #splits: S[] = [];
  #asked = false;
  #noMore = false;
  #wake: (() => void) | undefined;
  #awake: Promise<void> | undefined;
  #missed = false;

  constructor(context: SourceReaderContext) {
    this.#context = context;
  }

  /** The split in hand: the first one that is not done. */
  get current(): S | undefined {
    return this.#splits[0];
  }

  get splits(): readonly S[] {
    return this.#splits;
  }

  add(splits: readonly S[]): void {
    this.#asked = false;
    this.#splits.push(...splits);
    this.wake();
  }

  notifyNoMore(): void {
    this.#noMore = true;
    this.wake();
  }

  /** Stores the position that the split in hand has reached. */
  advance(split: S): void {
    this.#splits[0] = split;
  }

  /** Puts a split behind the others: its turn comes again. */
  requeue(split: S): void {
    this.#splits.push(split);
  }

  /** The split in hand is read to its end. */
  finishCurrent(): void {
    this.#splits.shift();
  }

  /** Asks the enumerator for work, once per answer, when there is none. */
  request(): void {
    if (this.#splits.length === 0) this.requestAll();
  }

  /**
   * Asks also while splits are in hand: for sources that read all theirs side by side, perhaps for ever. A reader that goes on with
   * some could else never get the others that belong to it.
   */
  requestAll(): void {
    if (this.#asked || this.#noMore) return;
    this.#asked = true;
    this.#context.sendSplitRequest();
  }

  /** What `poll` answers when no split is in hand. Asks for one. */
  idle(): 'waiting' | 'end' {
    if (this.#noMore) return 'end';
    this.request();
    return 'waiting';
  }

  /** Resolves at the next `wake`, or at once after one that nobody waited for. */
  available(): Promise<void> {
    if (this.#missed) {
      this.#missed = false;
      return Promise.resolve();
    }
    this.#awake ??= new Promise((resolve) => {
      this.#wake = resolve;
    });
    return this.#awake;
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    this.#awake = undefined;
    if (wake === undefined) this.#missed = true;
    else wake();
  }
}
