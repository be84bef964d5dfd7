import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TEMPORARY_FILE_AGE_MS } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import { PendingFile } from './pending-file.ts';
import { errorCode, syncFolder } from './sync-folder.ts';

const TEMPORARY = '.tmp';

/**
 * Files that are complete or absent, also after a power cut: written beside, synced, put in place in one step, the
 * folder synced. Needs a local POSIX file system (or NFS 4 for `create`).
 */
export class DurableFiles {
  readonly #root: string;
  readonly #temporary: string;
  readonly #random: Random;
  /** Folders that are known to outlive a power cut. */
  readonly #folders = new Set<string>();

  private constructor(root: string, random: Random) {
    this.#root = root;
    this.#temporary = join(root, TEMPORARY);
    this.#random = random;
  }

  /** Makes the folder when missing and sweeps what a crash left behind in it. */
  static async open(root: string, random: Random, clock: Clock): Promise<DurableFiles> {
    const files = new DurableFiles(root, random);
    const first = await mkdir(files.#temporary, { recursive: true, mode: 0o700 });
    if (first !== undefined) await syncFoldersUp(root, dirname(first));
    await files.#sweep(clock);
    return files;
  }

  /** For a folder whose files are only read and deleted: makes nothing. */
  static existing(root: string, random: Random): DurableFiles {
    return new DurableFiles(root, random);
  }

  /** Begins a file that is written piece by piece. */
  async begin(): Promise<PendingFile> {
    const path = join(this.#temporary, this.#random.hex(16));
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return new PendingFile(path, await open(path, flags, 0o600));
  }

  /** Puts the file in place unless one is there; false when there is. */
  create(path: string, content: Uint8Array): Promise<boolean> {
    return this.#put(content, (file) => file.create(path));
  }

  /** Puts the file in place, over any other. */
  replace(path: string, content: Uint8Array): Promise<void> {
    return this.#put(content, (file) => file.replace(path));
  }

  /** Makes a folder of the root that outlives a power cut, also when another process has just made it. Follows no link. */
  async makeFolder(path: string): Promise<void> {
    if (path === this.#root || this.#folders.has(path)) return;
    const parent = dirname(path);
    await this.makeFolder(parent);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      await checkRealFolder(path);
    }
    await syncFolder(parent);
    this.#folders.add(path);
  }

  /** For a folder that was or may have been removed: the next `makeFolder` makes it and those above it again. */
  forgetFolder(path: string): void {
    for (let folder = path; folder.startsWith(this.#root) && folder !== this.#root; folder = dirname(folder))
      this.#folders.delete(folder);
  }

  async #put<T>(content: Uint8Array, place: (file: PendingFile) => Promise<T>): Promise<T> {
    const file = await this.begin();
    try {
      await file.write(content);
      return await place(file);
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  async #sweep(clock: Clock): Promise<void> {
    for (const name of await readdir(this.#temporary)) {
      const path = join(this.#temporary, name);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined && clock.now() - found.mtimeMs > TEMPORARY_FILE_AGE_MS)
        await rm(path, { force: true });
    }
  }
}

async function checkRealFolder(path: string): Promise<void> {
  const found = await lstat(path);
  if (found.isDirectory()) return;
  const code = found.isSymbolicLink() ? 'ELOOP' : 'ENOTDIR';
  throw Object.assign(new Error(`${code}: ${path}`), { code });
}

async function syncFoldersUp(from: string, to: string): Promise<void> {
  for (let folder = from; ; folder = dirname(folder)) {
    await syncFolder(folder);
    if (folder === to || folder === dirname(folder)) return;
  }
}
