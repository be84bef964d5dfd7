import type { SourceSplit, SplitEnumerator, SplitEnumeratorContext } from '../../functions/source.ts';

/**
 * Enumerator of a source that goes on from a checkpoint: the splits that no reader held, one to whoever asks. Sources that
 * discover further splits, or whose splits have an order, make one of their own (`Source.restoreEnumerator`).
 */
export class RestoredEnumerator<S extends SourceSplit> implements SplitEnumerator<S> {
  readonly #context: SplitEnumeratorContext<S>;
  readonly #open: S[];

  constructor(context: SplitEnumeratorContext<S>, open: readonly S[]) {
    this.#context = context;
    this.#open = [...open];
  }

  start(): void {}

  addReader(): void {}

  handleSplitRequest(subtaskIndex: number): void {
    const next = this.#open.shift();
    if (next === undefined) this.#context.signalNoMoreSplits(subtaskIndex);
    else this.#context.assignSplits(subtaskIndex, [next]);
  }

  addSplitsBack(splits: readonly S[]): void {
    this.#open.unshift(...splits);
  }

  snapshotState(): readonly S[] {
    return [...this.#open];
  }

  close(): void {}
}
