/**
 * A row of keyed state as snapshots see it. Before anything of a row is changed, its table's `touch` is called where `version`
 * is not the table's: the row is then written to the snapshot under way, as it is, and noted as changed for the next one.
 */
export interface Row {
  /** The interval between two snapshots in which it was last changed. */
  version: number;
  /** The last snapshot that holds it; 0 for none. */
  saved: number;
}

/** Versions of all rows of one backend. */
export class RowVersions {
  /** Counts snapshots. New rows have it from their birth: a snapshot under way does not see them. */
  current = 0;
  /** Whether changed rows are noted, so that the next snapshot holds these alone. */
  tracking = false;
  /** Writes a row that the snapshot under way must still see. */
  save: ((row: Row) => void) | undefined;
}
