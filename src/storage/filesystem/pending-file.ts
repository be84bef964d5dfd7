import type { FileHandle } from 'node:fs/promises';
import { link, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, syncFolder } from './sync-folder.ts';

/** A file written beside its place, under a temporary name that `create`, `replace` and `discard` remove. */
export class PendingFile {
  readonly #temporary: string;
  readonly #handle: FileHandle;
  #finished = false;

  constructor(temporary: string, handle: FileHandle) {
    this.#temporary = temporary;
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) {
      const { bytesWritten } = await this.#handle.write(bytes, at);
      at += bytesWritten;
    }
  }

  /** Puts the file in place unless one is there; false when there is. After an error it may be tried again. */
  async create(path: string): Promise<boolean> {
    await this.#finish();
    const created = await this.#link(path);
    await this.discard();
    if (created) await syncFolder(dirname(path));
    return created;
  }

  /** Puts the file in place, over any other. */
  async replace(path: string): Promise<void> {
    await this.#finish();
    await rename(this.#temporary, path);
    await syncFolder(dirname(path));
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#temporary, { force: true });
  }

  async #finish(): Promise<void> {
    if (this.#finished) return;
    await this.#handle.sync();
    await this.#handle.close();
    this.#finished = true;
  }

  async #link(path: string): Promise<boolean> {
    try {
      await link(this.#temporary, path);
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      // A network file system may have made the link, lost its answer, and been refused the second time.
      return (await stat(this.#temporary)).nlink > 1;
    }
  }
}
