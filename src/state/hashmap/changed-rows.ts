import type { Row } from './row.ts';

/** Below this many rows nothing is pruned. */
const PRUNE_FROM = 1_024;

/**
 * Rows changed since the last snapshot, in order of their first change. Rows that came and went in between are of no interest
 * to a snapshot; they are pruned as the list grows, so that it stays as long as what is alive and what has to be removed.
 */
export class ChangedRows<R extends Row> {
  readonly #isGone: (row: R) => boolean;
  #rows: R[] = [];
  #pruneAt = PRUNE_FROM;

  constructor(isGone: (row: R) => boolean) {
    this.#isGone = isGone;
  }

  add(row: R): void {
    if (this.#rows.length >= this.#pruneAt) this.#prune();
    this.#rows.push(row);
  }

  /** The rows so far; the list begins anew. */
  take(): readonly R[] {
    const rows = this.#rows;
    this.#rows = [];
    this.#pruneAt = PRUNE_FROM;
    return rows;
  }

  #prune(): void {
    this.#rows = this.#rows.filter((row) => row.saved > 0 || !this.#isGone(row));
    this.#pruneAt = Math.max(PRUNE_FROM, this.#rows.length * 2);
  }
}
