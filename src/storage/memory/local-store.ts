import { InternalError } from '../../base/errors.ts';
import type { LocalBatch, LocalScan, LocalStore } from '../../ports/local-store.ts';

type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** A local store on the heap, for tests and simulations: each scan copies what it sees. */
export class MemoryLocalStore implements LocalStore {
  readonly location = 'memory:';
  /** By key in latin1, which sorts as its bytes do. */
  readonly #entries = new Map<string, Entry>();
  #closed = false;

  /** Number of keys. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#check();
    return this.#entries.get(textOf(key))?.[1];
  }

  newBatch(): LocalBatch {
    let changes: (() => void)[] = [];
    return {
      put: (key, value) => {
        const entry: Entry = [Uint8Array.from(key), Uint8Array.from(value)];
        changes.push(() => this.#entries.set(textOf(entry[0]), entry));
      },
      delete: (key) => {
        const text = textOf(key);
        changes.push(() => this.#entries.delete(text));
      },
      write: () => {
        this.#check();
        for (const change of changes) change();
        changes = [];
      },
    };
  }

  scan(from: Uint8Array, to: Uint8Array, { values }: { readonly values: boolean }): LocalScan {
    this.#check();
    return new MemoryScan(this.#between(from, to), values);
  }

  deleteRange(from: Uint8Array, to: Uint8Array): void {
    this.#check();
    for (const [key] of this.#between(from, to)) this.#entries.delete(textOf(key));
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#entries.clear();
    return Promise.resolve();
  }

  #between(from: Uint8Array, to: Uint8Array): Entry[] {
    return [...this.#entries.values()]
      .filter(([key]) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0)
      .toSorted(([a], [b]) => Buffer.compare(a, b));
  }

  #check(): void {
    if (this.#closed) throw new InternalError(`${this.location} is used after it was closed`);
  }
}

class MemoryScan implements LocalScan {
  readonly #entries: readonly Entry[];
  readonly #values: boolean;
  #next = 0;

  constructor(entries: readonly Entry[], values: boolean) {
    this.#entries = entries;
    this.#values = values;
  }

  seek(key: Uint8Array): void {
    const found = this.#entries.findIndex(([other]) => Buffer.compare(other, key) >= 0);
    this.#next = found < 0 ? this.#entries.length : found;
  }

  next(count: number): readonly (Uint8Array | undefined)[] {
    const entries = this.#entries.slice(this.#next, this.#next + count);
    this.#next += entries.length;
    return entries.flatMap(([key, value]) => [key, this.#values ? value : undefined]);
  }

  close(): void {}
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
