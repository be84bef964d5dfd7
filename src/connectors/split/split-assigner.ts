import type { SourceSplit, SplitEnumerator, SplitEnumeratorContext } from '../../functions/source.ts';

/**
 * Enumerator of a source whose splits are all known at the start: hands out one at a time to whoever asks, in the order
 * found, so that fast readers get more. Splits that come back are handed out first.
 */
export class SplitAssigner<S extends SourceSplit> implements SplitEnumerator<S> {
  readonly #context: SplitEnumeratorContext<S>;
  readonly #discover: () => readonly S[] | Promise<readonly S[]>;
  #splits: S[] = [];

  constructor(context: SplitEnumeratorContext<S>, discover: () => readonly S[] | Promise<readonly S[]>) {
    this.#context = context;
    this.#discover = discover;
  }

  async start(): Promise<void> {
    this.#splits = [...(await this.#discover())];
  }

  addReader(_subtaskIndex: number): void {}

  handleSplitRequest(subtaskIndex: number): void {
    const split = this.#splits.shift();
    if (split === undefined) this.#context.signalNoMoreSplits(subtaskIndex);
    else this.#context.assignSplits(subtaskIndex, [split]);
  }

  addSplitsBack(splits: readonly S[], _subtaskIndex: number): void {
    this.#splits.unshift(...splits);
  }

  snapshotState(): readonly S[] {
    return [...this.#splits];
  }

  close(): void {}
}
