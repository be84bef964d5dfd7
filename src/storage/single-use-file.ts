import { InternalError } from '../base/errors.ts';
import type { SnapshotFile } from '../ports/snapshot-store.ts';

/** Holds a file's writer to its order: writes, then one close or abort. */
export class SingleUseFile implements SnapshotFile {
  readonly #path: string;
  readonly #file: SnapshotFile;
  #ended = false;

  constructor(path: string, file: SnapshotFile) {
    this.#path = path;
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#ended) throw this.#misused('written to');
    await this.#file.write(bytes);
  }

  async close(): Promise<void> {
    if (this.#ended) throw this.#misused('closed');
    this.#ended = true;
    await this.#file.close();
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#file.abort();
  }

  #misused(act: string): InternalError {
    return new InternalError(
      `the snapshot file ${this.#path} was ${act} after it had been closed or aborted`,
    );
  }
}
