import { SINK_BUFFER_ROWS } from '../base/limits.ts';

/**
 * Sends rows in batches, in order, one batch under way: what is written in one step of the task leaves together right
 * after it, so a slow stream is not held back. The first failure is kept and thrown from then on.
 */
export class RowSender<T> {
  readonly #send: (rows: readonly T[]) => Promise<void>;
  readonly #maxRows: number;
  #rows: T[] = [];
  #sending: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(send: (rows: readonly T[]) => Promise<void>, maxRows = SINK_BUFFER_ROWS) {
    this.#send = send;
    this.#maxRows = maxRows;
  }

  add(row: T): void {
    this.#rows.push(row);
    this.#sending ??= this.#run();
  }

  /** A promise while too many rows wait; rejects with what sending met. */
  pending(): Promise<void> | undefined {
    if (this.#rows.length < this.#maxRows && this.#failure === undefined) return undefined;
    return this.#settled();
  }

  /** Resolves when every row is sent. */
  async flush(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
    await this.#settled();
  }

  /** Forgets rows not sent yet. The batch under way is not waited for: whom it is sent to may be gone. */
  discard(): void {
    this.#rows = [];
  }

  async #settled(): Promise<void> {
    await this.#sending;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.#rows.length > 0 && this.#failure === undefined) {
        const rows = this.#rows;
        this.#rows = [];
        await this.#send(rows);
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#sending = undefined;
  }
}
