import type { SourceSplit, SplitEnumerator, SplitEnumeratorContext } from '../../functions/source.ts';

/**
 * Enumerator of a source whose splits are all known at the start: hands out one at a time to whoever asks, in the order
 * found, so that fast readers get more. Splits that come back take their old place: whoever reads files in time order never
 * gets an early one after a late one.
 */
export class SplitAssigner<S extends SourceSplit> implements SplitEnumerator<S> {
  readonly #context: SplitEnumeratorContext<S>;
  readonly #discover: () => readonly S[] | Promise<readonly S[]>;
  /** Place of each split in the order found. */
  readonly #ranks = new Map<string, number>();
  #splits: S[] = [];

  constructor(context: SplitEnumeratorContext<S>, discover: () => readonly S[] | Promise<readonly S[]>) {
    this.#context = context;
    this.#discover = discover;
  }

  async start(): Promise<void> {
    this.#splits = [...(await this.#discover())];
    for (const [rank, { splitId }] of this.#splits.entries()) this.#ranks.set(splitId, rank);
  }

  addReader(_subtaskIndex: number): void {}

  handleSplitRequest(subtaskIndex: number): void {
    const split = this.#splits.shift();
    if (split === undefined) this.#context.signalNoMoreSplits(subtaskIndex);
    else this.#context.assignSplits(subtaskIndex, [split]);
  }

  addSplitsBack(splits: readonly S[], _subtaskIndex: number): void {
    this.#splits.push(...splits);
    this.#splits.sort((a, b) => this.#rank(a) - this.#rank(b));
  }

  #rank(split: S): number {
    return this.#ranks.get(split.splitId) ?? Infinity;
  }

  snapshotState(): readonly S[] {
    return [...this.#splits];
  }

  close(): void {}
}
