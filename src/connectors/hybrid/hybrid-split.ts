import type { SourceSplit } from '../../functions/source.ts';

/** A split of one of the sources; without `split` it tells a reader that the sources up to this one have no more splits. */
export interface HybridSplit {
  /** The source's index before the split's own id. */
  readonly splitId: string;
  readonly sourceIndex: number;
  readonly split: SourceSplit | null;
}

export function hybridSplitId(sourceIndex: number, splitId: string): string {
  return `${sourceIndex}/${splitId}`;
}

export function hybridSplit(sourceIndex: number, split: SourceSplit): HybridSplit {
  return { splitId: hybridSplitId(sourceIndex, split.splitId), sourceIndex, split };
}

export function endOfSource(sourceIndex: number): HybridSplit {
  return { splitId: `end of ${sourceIndex}`, sourceIndex, split: null };
}
