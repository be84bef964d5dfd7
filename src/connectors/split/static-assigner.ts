import type { SourceSplit, SplitEnumerator, SplitEnumeratorContext } from '../../functions/source.ts';

/**
 * Enumerator of a source whose splits are read side by side and perhaps for ever: split `i` belongs to subtask
 * `i modulo parallelism` and goes to it as soon as it asks.
 */
export class StaticAssigner<S extends SourceSplit> implements SplitEnumerator<S> {
  readonly #context: SplitEnumeratorContext<S>;
  readonly #discover: () => readonly S[] | Promise<readonly S[]>;
  readonly #splits = new Map<number, S[]>();

  constructor(context: SplitEnumeratorContext<S>, discover: () => readonly S[] | Promise<readonly S[]>) {
    this.#context = context;
    this.#discover = discover;
  }

  async start(): Promise<void> {
    const splits = await this.#discover();
    for (const [index, split] of splits.entries()) this.#of(index % this.#context.parallelism).push(split);
  }

  addReader(_subtaskIndex: number): void {}

  handleSplitRequest(subtaskIndex: number): void {
    const splits = this.#splits.get(subtaskIndex) ?? [];
    this.#splits.delete(subtaskIndex);
    if (splits.length > 0) this.#context.assignSplits(subtaskIndex, splits);
    this.#context.signalNoMoreSplits(subtaskIndex);
  }

  addSplitsBack(splits: readonly S[], subtaskIndex: number): void {
    this.#of(subtaskIndex).push(...splits);
  }

  snapshotState(): readonly S[] {
    return [...this.#splits.values()].flat();
  }

  close(): void {}

  #of(subtaskIndex: number): S[] {
    let splits = this.#splits.get(subtaskIndex);
    if (splits === undefined) {
      splits = [];
      this.#splits.set(subtaskIndex, splits);
    }
    return splits;
  }
}
