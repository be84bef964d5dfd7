import type { SnapshotMode } from '../keyed-state-backend.ts';

/**
 * A row of keyed state as snapshots see it. Before anything of a row is changed, its table's `touch` is called where `version`
 * is not the table's: the row is then written to the snapshot under way, as it is, and noted as changed for the next delta.
 */
export interface Row {
  /** The interval between two snapshots, of whatever kind, in which it was last changed. */
  version: number;
  /** The last snapshot that holds it; 0 for none. */
  saved: number;
}

/** Versions of all rows of one backend. */
export class RowVersions {
  /** Counts snapshots. New rows have it from their birth: a snapshot under way does not see them. */
  current = 0;
  /** Whether changed rows are noted, so that the next delta holds these alone. */
  tracking = false;
  /** The first interval whose changes the next delta holds. */
  since = 0;
  /** Writes a row that the snapshot under way must still see. */
  save: ((row: Row) => void) | undefined;

  /** A snapshot begins, and closes the interval. @returns whether it can be a delta, and the first interval of its changes */
  begin(mode: SnapshotMode): { readonly incremental: boolean; readonly since: number } {
    const { tracking, since } = this;
    this.current += 1;
    if (mode !== 'aside') {
      this.tracking = mode !== 'full';
      this.since = this.current;
    }
    return { incremental: mode === 'delta' && tracking, since };
  }

  /** What is there so far came out of files that the next delta builds on. */
  goOn(): void {
    this.current = 1;
    this.since = 1;
    this.tracking = true;
  }

  /** Whether a row that was changed in this interval is noted already. */
  isNoted(version: number): boolean {
    return version >= this.since;
  }
}
