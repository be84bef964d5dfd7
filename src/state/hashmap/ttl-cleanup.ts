import type { KeyRows } from './key-rows.ts';
import type { KeyEntry } from './key-table.ts';

/** Walks over the keys of a backend, a few at a time and round and round, and sweeps one state's expired values. */
export class TtlCleanup {
  readonly #table: Pick<KeyRows, 'entries'>;
  readonly #keys: number;
  readonly #sweep: (entry: KeyEntry) => void;
  #walk: Iterator<KeyEntry, undefined> | undefined;

  constructor(table: Pick<KeyRows, 'entries'>, keys: number, sweep: (entry: KeyEntry) => void) {
    this.#table = table;
    this.#keys = keys;
    this.#sweep = sweep;
  }

  run(): void {
    this.#walk ??= this.#table.entries();
    for (let visited = 0; visited < this.#keys; visited += 1) {
      const { done, value } = this.#walk.next();
      if (done === true) {
        this.#walk = undefined;
        return;
      }
      this.#sweep(value);
    }
  }
}
