import type { KeyedRecords } from './key-group-table.ts';
import type { RunReader } from './spilled-run.ts';

/** Records sorted by key, seen from their front. */
export interface RunCursor {
  /** The records in front, all of one key; undefined at the end. The next ones may be of the same key. */
  readonly head: KeyedRecords | undefined;
  /** Drops the front. A promise: the next records have to be read, `head` may be looked at when it has resolved. */
  advance(): Promise<void> | undefined;
}

/** Records that are still in memory. */
export class MemoryCursor implements RunCursor {
  readonly #records: Iterator<KeyedRecords, void>;
  head: KeyedRecords | undefined;

  constructor(records: Iterator<KeyedRecords, void>) {
    this.#records = records;
    this.advance();
  }

  advance(): undefined {
    const next = this.#records.next();
    this.head = next.done === true ? undefined : next.value;
  }
}

/** A temporary file; the block after the one in hand is read ahead. */
export class FileCursor implements RunCursor {
  readonly #reader: RunReader;
  #block: readonly KeyedRecords[] | undefined = [];
  #at = 0;
  #ahead: Promise<void> | undefined;
  /** What was read ahead, where it has come. */
  #next: { readonly block: readonly KeyedRecords[] | undefined } | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(reader: RunReader) {
    this.#reader = reader;
    this.#readAhead();
  }

  get head(): KeyedRecords | undefined {
    return this.#block?.[this.#at];
  }

  advance(): Promise<void> | undefined {
    this.#at += 1;
    if (this.#block === undefined || this.#at < this.#block.length) return undefined;
    if (this.#next !== undefined) return this.#turn();
    return this.#ahead?.then(() => this.#turn());
  }

  #turn(): undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#block = this.#next?.block;
    this.#at = 0;
    this.#next = undefined;
    if (this.#block !== undefined) this.#readAhead();
  }

  #readAhead(): void {
    this.#ahead = this.#reader.next().then(
      (block) => {
        this.#next = { block };
      },
      (error: unknown) => {
        this.#failure = { error };
      },
    );
  }
}
