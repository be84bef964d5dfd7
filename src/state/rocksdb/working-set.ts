import type { KeyIdentity } from '../key-encoding.ts';
import type { RocksDbRow } from './rocksdb-row.ts';

/** What a row takes on the heap beside its values, about. */
const ROW_BYTES = 256;
/** Decoded values take this many times their bytes in the store, about. */
const DECODED = 3;
/** Rows of a generation, at most, while sizes are unknown. */
const FIRST_ROWS = 1_024;
/** After so many rows that came, rows of the old generation are written back, twice as many. */
const STEP_ROWS = 256;

/**
 * Rows held decoded, in two generations: what is used again in time moves to the young one; when that is full, what is left
 * of the old one goes. By then it has been written back, a step at a time, so that no record waits for a large write.
 */
export class WorkingSet {
  readonly #budgetBytes: number;
  readonly #writeBack: (rows: Iterator<RocksDbRow, undefined>, count: number) => void;
  #young = new Map<KeyIdentity, RocksDbRow>();
  #old = new Map<KeyIdentity, RocksDbRow>();
  #walk = this.#old.values();
  #limit: number;
  #trimAt: number;
  #rowBytes = 0;

  /** @param writeBack writes the dirty ones of the next `count` rows to the store, at once */
  constructor(
    budgetBytes: number,
    writeBack: (rows: Iterator<RocksDbRow, undefined>, count: number) => void,
  ) {
    this.#budgetBytes = budgetBytes;
    this.#writeBack = writeBack;
    this.#limit = Math.min(this.#affordable, FIRST_ROWS);
    this.#trimAt = Math.min(STEP_ROWS, this.#limit);
  }

  /** The row, which counts as used. */
  get(identity: KeyIdentity): RocksDbRow | undefined {
    const row = this.#young.get(identity);
    if (row !== undefined || this.#old.size === 0) return row;
    const old = this.#old.get(identity);
    if (old !== undefined) this.hold(old);
    return old;
  }

  peek(identity: KeyIdentity): RocksDbRow | undefined {
    return this.#young.get(identity) ?? this.#old.get(identity);
  }

  hold(row: RocksDbRow): void {
    this.#old.delete(row.identity);
    this.#young.set(row.identity, row);
  }

  /** Whether `trim` has something to do. */
  get crowded(): boolean {
    return this.#young.size >= this.#trimAt;
  }

  /** Between two records: no row of the one before is in use. */
  trim(): void {
    this.#writeBack(this.#walk, STEP_ROWS * 2);
    this.#trimAt += STEP_ROWS;
    if (this.#young.size < this.#limit) return;
    this.#writeBack(this.#walk, Number.POSITIVE_INFINITY);
    this.#old = this.#young;
    this.#young = new Map();
    this.#walk = this.#old.values();
    // Sizes may have been wrong: no more than double at once.
    this.#limit = Math.min(this.#affordable, this.#limit * 2);
    this.#trimAt = Math.min(STEP_ROWS, this.#limit);
  }

  /** Forgets rows without writing them back. */
  drop(groups: ReadonlySet<number>): void {
    for (const generation of [this.#young, this.#old])
      for (const row of generation.values()) if (groups.has(row.group)) generation.delete(row.identity);
  }

  /** Takes note of a row's size in the store. */
  sized(bytes: number): void {
    this.#rowBytes += (bytes - this.#rowBytes) / 64;
  }

  /** All rows, each generation as it is now; those that move or go meanwhile may be missed. */
  generations(): readonly ReadonlyMap<KeyIdentity, RocksDbRow>[] {
    return [this.#old, this.#young];
  }

  /** Rows of a generation that the budget allows for. */
  get #affordable(): number {
    return Math.max(1, Math.floor(this.#budgetBytes / 2 / (ROW_BYTES + DECODED * this.#rowBytes)));
  }
}
