/** What alignment reads of a split. */
export interface AlignedSplit {
  readonly watermark: number;
  /** Idle splits hold nobody back. */
  readonly idle: boolean;
}

/**
 * Watermark alignment of the splits of one task: a split whose watermark is more than `maxDriftMs` ahead of the smallest one,
 * or of what the rest of the group has reached, is paused until the others have caught up.
 */
export class SplitAlignment {
  readonly #maxDriftMs: number;
  readonly #pauseOrResume: (toPause: readonly string[], toResume: readonly string[]) => void;
  readonly #paused = new Set<string>();

  constructor(
    maxDriftMs: number,
    pauseOrResume: (toPause: readonly string[], toResume: readonly string[]) => void,
  ) {
    this.#maxDriftMs = maxDriftMs;
    this.#pauseOrResume = pauseOrResume;
  }

  isPaused(splitId: string): boolean {
    return this.#paused.has(splitId);
  }

  /**
   * Pauses and resumes as the watermarks say. Returns whether a split was resumed.
   * @param othersMinimum smallest watermark outside this task; infinite where nothing there holds back
   */
  update(splits: ReadonlyMap<string, AlignedSplit>, othersMinimum: number): boolean {
    let minimum = othersMinimum;
    // A paused split is quiet because it may not speak: it counts even if it seems idle.
    for (const [splitId, { watermark, idle }] of splits) {
      if (watermark < minimum && (!idle || this.#paused.has(splitId))) minimum = watermark;
    }
    const limit = minimum + this.#maxDriftMs;
    const toPause: string[] = [];
    const toResume: string[] = [];
    for (const splitId of this.#paused) if (!splits.has(splitId)) this.#paused.delete(splitId);
    for (const [splitId, { watermark }] of splits) {
      if (watermark > limit) {
        if (!this.#paused.has(splitId)) toPause.push(splitId);
      } else if (this.#paused.has(splitId)) toResume.push(splitId);
    }
    if (toPause.length === 0 && toResume.length === 0) return false;
    for (const splitId of toPause) this.#paused.add(splitId);
    for (const splitId of toResume) this.#paused.delete(splitId);
    this.#pauseOrResume(toPause, toResume);
    return toResume.length > 0;
  }
}
