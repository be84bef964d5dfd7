import { constants } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TEMPORARY_FILE_AGE_MS } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';

const TEMPORARY = '.tmp';

/**
 * Files that are complete or absent, also after a power cut: written beside, synced, put in place in one step, the
 * folder synced. Needs a local POSIX file system (or NFS 4 for `create`).
 */
export class DurableFiles {
  readonly #temporary: string;
  readonly #random: Random;

  private constructor(root: string, random: Random) {
    this.#temporary = join(root, TEMPORARY);
    this.#random = random;
  }

  /** Makes the folder when missing and sweeps what a crash left behind in it. */
  static async open(root: string, random: Random, clock: Clock): Promise<DurableFiles> {
    const files = new DurableFiles(root, random);
    await mkdir(files.#temporary, { recursive: true, mode: 0o700 });
    await files.#sweep(clock);
    return files;
  }

  /** Puts the file in place unless one is there; false when there is. */
  async create(path: string, content: Uint8Array): Promise<boolean> {
    const temporary = await this.#write(content);
    try {
      await link(temporary, path);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(temporary, { force: true });
    }
    await syncFolder(dirname(path));
    return true;
  }

  /** Puts the file in place, over any other. */
  async replace(path: string, content: Uint8Array): Promise<void> {
    const temporary = await this.#write(content);
    try {
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(path));
  }

  /** Makes a folder that outlives a power cut. */
  async makeFolder(path: string): Promise<void> {
    const first = await mkdir(path, { recursive: true, mode: 0o700 });
    if (first !== undefined) await syncFolder(dirname(first));
  }

  async #write(content: Uint8Array): Promise<string> {
    const path = join(this.#temporary, this.#random.hex(16));
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(path, flags, 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return path;
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

/** Makes renames and links in a folder last. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** `ENOENT`, `EEXIST`...; undefined for what is no system error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
