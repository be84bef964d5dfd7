import type { Source, SourceSplit, SplitEnumerator, SplitEnumeratorContext } from '../../functions/source.ts';
import { RestoredEnumerator } from '../split/restored-enumerator.ts';
import { endOfSource, hybridSplit } from './hybrid-split.ts';
import type { HybridSplit } from './hybrid-split.ts';

/**
 * Hands out the splits of one source after the other. A reader that was told that a source has no more splits and asks again
 * has read that source to its end; when all readers have, the next source begins.
 */
export class HybridEnumerator implements SplitEnumerator<HybridSplit> {
  readonly #context: SplitEnumeratorContext<HybridSplit>;
  readonly #enumerators: readonly SplitEnumerator<SourceSplit>[];
  /** Subtasks that were told of the end of the present source, and those of them that have read it. */
  readonly #told = new Set<number>();
  readonly #done = new Set<number>();
  /** Splits of earlier sources that a failed reader held: its next attempt reads them again. */
  readonly #returned = new Map<number, HybridSplit[]>();
  #current = 0;
  /** The answer being made: it goes out as one message, so that no request falls between its parts. */
  #answer: { readonly subtask: number; readonly splits: HybridSplit[] } | undefined;

  /** @param restored of all sources, what no reader holds; undefined for a job that begins */
  constructor(
    sources: readonly Source<unknown>[],
    context: SplitEnumeratorContext<HybridSplit>,
    restored?: readonly HybridSplit[],
  ) {
    this.#context = context;
    this.#enumerators = sources.map((source, index) => {
      const own: SplitEnumeratorContext<SourceSplit> = {
        parallelism: context.parallelism,
        now: () => context.now(),
        assignSplits: (subtask, splits) =>
          this.#send(
            subtask,
            splits.map((split) => hybridSplit(index, split)),
          ),
        signalNoMoreSplits: (subtask) => this.#end(index, subtask),
      };
      return restored === undefined
        ? source.createEnumerator(own)
        : restoreOne(source, own, splitsOf(restored, index));
    });
  }

  /** Starts all sources: what is wrong with a later one shows at once. */
  async start(): Promise<void> {
    for (const enumerator of this.#enumerators) await enumerator.start();
  }

  addReader(subtaskIndex: number): void {
    this.#told.delete(subtaskIndex);
    this.#done.delete(subtaskIndex);
    if (this.#current > 0) {
      const returned = this.#returned.get(subtaskIndex) ?? [];
      this.#returned.delete(subtaskIndex);
      this.#send(subtaskIndex, [...returned, endOfSource(this.#current - 1)]);
    }
    this.#enumerators[this.#current]?.addReader(subtaskIndex);
  }

  handleSplitRequest(subtaskIndex: number): void {
    if (!this.#told.has(subtaskIndex)) return this.#request(subtaskIndex);
    this.#done.add(subtaskIndex);
    if (this.#done.size === this.#context.parallelism) this.#beginNext();
  }

  addSplitsBack(splits: readonly HybridSplit[], subtaskIndex: number): void {
    this.#told.delete(subtaskIndex);
    this.#done.delete(subtaskIndex);
    for (const [index, enumerator] of this.#enumerators.entries()) {
      const own = splits.filter(({ sourceIndex, split }) => sourceIndex === index && split !== null);
      if (own.length === 0) continue;
      if (index < this.#current) {
        this.#returned.set(subtaskIndex, [...(this.#returned.get(subtaskIndex) ?? []), ...own]);
      } else {
        enumerator.addSplitsBack(
          own.map(({ split }) => split as SourceSplit),
          subtaskIndex,
        );
      }
    }
  }

  snapshotState(): readonly HybridSplit[] {
    const left = this.#enumerators.flatMap((enumerator, index) =>
      index < this.#current ? [] : enumerator.snapshotState().map((split) => hybridSplit(index, split)),
    );
    return [...[...this.#returned.values()].flat(), ...left];
  }

  async close(): Promise<void> {
    for (const enumerator of this.#enumerators) await enumerator.close();
  }

  #request(subtask: number): void {
    const answer = { subtask, splits: [] };
    this.#answer = answer;
    try {
      this.#enumerators[this.#current]?.handleSplitRequest(subtask);
    } finally {
      this.#answer = undefined;
    }
    this.#send(subtask, answer.splits);
  }

  #send(subtask: number, splits: readonly HybridSplit[]): void {
    if (this.#answer?.subtask === subtask) this.#answer.splits.push(...splits);
    else if (splits.length > 0) this.#context.assignSplits(subtask, splits);
  }

  #end(index: number, subtask: number): void {
    if (index < this.#enumerators.length - 1) {
      this.#told.add(subtask);
      this.#send(subtask, [endOfSource(index)]);
      return;
    }
    // What was assigned in the same answer goes first.
    const assigned = this.#answer?.subtask === subtask ? this.#answer.splits.splice(0) : [];
    if (assigned.length > 0) this.#context.assignSplits(subtask, assigned);
    this.#context.signalNoMoreSplits(subtask);
  }

  #beginNext(): void {
    const subtasks = [...this.#done].toSorted((a, b) => a - b);
    this.#current += 1;
    this.#told.clear();
    this.#done.clear();
    for (const subtask of subtasks) {
      this.#enumerators[this.#current]?.addReader(subtask);
      this.#request(subtask);
    }
  }
}

function splitsOf(splits: readonly HybridSplit[], index: number): readonly SourceSplit[] {
  return splits.flatMap(({ sourceIndex, split }) => (sourceIndex === index && split !== null ? [split] : []));
}

function restoreOne(
  source: Source<unknown>,
  context: SplitEnumeratorContext<SourceSplit>,
  splits: readonly SourceSplit[],
): SplitEnumerator<SourceSplit> {
  return source.restoreEnumerator?.(context, splits) ?? new RestoredEnumerator(context, splits);
}
