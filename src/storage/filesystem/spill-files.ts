import { randomUUID } from 'node:crypto';
import { mkdir, open, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExternalError } from '../../base/errors.ts';
import type { SpillFile, SpillFiles } from '../../ports/spill-files.ts';
import { explained } from './disk-trouble.ts';

/**
 * Temporary files in local folders, by turns. A file loses its name as soon as it is open, so that the system frees it even
 * when the process is killed; where open files cannot be unlinked, it goes when it is removed.
 */
export class LocalSpillFiles implements SpillFiles {
  readonly #folders: readonly string[];
  #next = 0;

  /** @param folders `io.tmp.dirs`; without any, the system's folder for temporary files */
  constructor(folders: readonly string[] = []) {
    this.#folders = folders.length === 0 ? [tmpdir()] : folders;
  }

  async create(): Promise<SpillFile> {
    const folder = this.#folders[this.#next % this.#folders.length] as string;
    this.#next += 1;
    const path = join(folder, `millrace-spill-${randomUUID()}`);
    try {
      await mkdir(folder, { recursive: true });
      const handle = await open(path, 'wx+', 0o600);
      const unnamed = await unlink(path).then(
        () => true,
        () => false,
      );
      return new LocalSpillFile(handle, folder, unnamed ? undefined : path);
    } catch (cause) {
      throw trouble('create', folder, cause);
    }
  }
}

/** One open file; `path` where it still has a name. */
export class LocalSpillFile implements SpillFile {
  readonly #handle: FileHandle;
  readonly #folder: string;
  readonly #path: string | undefined;
  #removed = false;

  constructor(handle: FileHandle, folder: string, path: string | undefined) {
    this.#handle = handle;
    this.#folder = folder;
    this.#path = path;
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      // Not `write`, which may write a part only.
      await this.#handle.writeFile(bytes);
    } catch (cause) {
      throw trouble('write', this.#folder, cause);
    }
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    try {
      while (filled < length) {
        const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (cause) {
      throw trouble('read', this.#folder, cause);
    }
    return bytes.subarray(0, filled);
  }

  async remove(): Promise<void> {
    if (this.#removed) return;
    this.#removed = true;
    await this.#handle.close().catch(() => {});
    if (this.#path !== undefined) await unlink(this.#path).catch(() => {});
  }
}

function trouble(what: string, folder: string, cause: unknown): ExternalError {
  const told = explained(cause);
  return new ExternalError(
    `cannot ${what} a temporary file in ${folder} for records that do not fit into memory: ` +
      `${told instanceof Error ? told.message : String(told)}; io.tmp.dirs chooses the folders, ` +
      'execution.sorted-inputs.memory how much is kept in memory',
    { cause },
  );
}
