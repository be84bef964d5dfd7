import { ExternalError } from '../../base/errors.ts';
import { SNAPSHOT_DELTAS_MAX } from '../../base/limits.ts';
import type { SnapshotMode } from '../../state/index.ts';
import type { SnapshotFileRef } from '../../protocol/checkpoint.ts';

/** How a checkpoint is written, and which files it builds on. */
export interface FilePlan {
  readonly mode: SnapshotMode;
  readonly generation: number;
}

/**
 * The files that one operator's keyed state consists of: a base and the deltas after it. A new base is due when there are many
 * deltas, or when they have grown as large as the base: what is read at a restore stays within twice the state.
 */
export class KeyedFiles {
  #files: readonly SnapshotFileRef[];
  /** Counts losses: a delta planned before one has nothing to build on. */
  #generation = 0;

  /** @param restored files of an earlier checkpoint of the job that the first one builds on */
  constructor(restored: readonly SnapshotFileRef[] = []) {
    this.#files = restored;
  }

  /** How the next checkpoint is to be written. @param whole a base is due, whatever there is */
  plan(incremental: boolean, whole: boolean): FilePlan {
    return { mode: whole && incremental ? 'base' : this.#mode(incremental), generation: this.#generation };
  }

  /**
   * A snapshot was written; snapshots come here in the order in which they were planned. Returns the files that the state
   * consists of with it.
   * @throws ExternalError when what it builds on was lost meanwhile
   */
  add({ mode, generation }: FilePlan, file: SnapshotFileRef): readonly SnapshotFileRef[] {
    if (mode === 'full' || mode === 'aside') return [file];
    if (mode === 'delta' && generation !== this.#generation)
      throw new ExternalError(
        'the checkpoint builds on one that could not be written: the next one writes everything',
      );
    this.#files = mode === 'base' ? [file] : [...this.#files, file];
    return this.#files;
  }

  /** A snapshot was not written to its end: what changed before it is in no file. */
  lose(): void {
    this.#files = [];
    this.#generation += 1;
  }

  #mode(incremental: boolean): SnapshotMode {
    if (!incremental) return 'full';
    const [base, ...deltas] = this.#files;
    if (base === undefined || deltas.length >= SNAPSHOT_DELTAS_MAX) return 'base';
    return deltas.reduce((sum, { size }) => sum + size, 0) > base.size ? 'base' : 'delta';
  }
}
