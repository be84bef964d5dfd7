import type { SourceSplit, SplitEnumerator, SplitEnumeratorContext } from '../../functions/source.ts';

/**
 * Enumerator of a source whose splits are read side by side and perhaps for ever: split `i` belongs to subtask
 * `i modulo parallelism` and goes to it as soon as it asks. `i` is its place among those discovered, or what `indexOf` says:
 * after a restore only some are left, and each still belongs to the same subtask.
 */
export class StaticAssigner<S extends SourceSplit> implements SplitEnumerator<S> {
  readonly #context: SplitEnumeratorContext<S>;
  readonly #discover: () => readonly S[] | Promise<readonly S[]>;
  readonly #indexOf: (split: S, place: number) => number;
  readonly #splits = new Map<number, S[]>();

  constructor(
    context: SplitEnumeratorContext<S>,
    discover: () => readonly S[] | Promise<readonly S[]>,
    indexOf: (split: S, place: number) => number = (_split, place) => place,
  ) {
    this.#context = context;
    this.#discover = discover;
    this.#indexOf = indexOf;
  }

  async start(): Promise<void> {
    const splits = await this.#discover();
    for (const [place, split] of splits.entries())
      this.#of(this.#indexOf(split, place) % this.#context.parallelism).push(split);
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
