import { constants } from 'node:fs';
import type { Dirent } from 'node:fs';
import { lstat, open, readdir, realpath, rmdir, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../../base/errors.ts';
import { STORE_FOLDER_TRIES, STORE_PARALLEL_FILES } from '../../base/limits.ts';
import type { SnapshotFile, SnapshotFileInfo, SnapshotStore } from '../../ports/snapshot-store.ts';
import { SnapshotExistsError, SnapshotNotFoundError } from '../../state/snapshot/errors.ts';
import { StoreError } from '../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { SingleUseFile } from '../single-use-file.ts';
import { checkRange, checkSnapshotFolder, checkSnapshotPath, isSnapshotPath } from '../snapshot-paths.ts';
import type { FilesystemStoreOptions } from './artifact-store.ts';
import { explained } from './disk-trouble.ts';
import { DurableFiles } from './durable-files.ts';
import type { PendingFile } from './pending-file.ts';
import { errorCode, syncFolder } from './sync-folder.ts';

export interface SnapshotDirectory extends FilesystemStoreOptions {
  /** Whether files are only read and deleted: nothing is made, the directory may be read-only. Default false. */
  readonly existing?: boolean;
}

/**
 * Snapshots as files below a directory, shared by any number of processes: of one machine, or of several over a file system
 * with atomic `link` and close-to-open consistency (NFS 4). Symbolic links below the directory are refused.
 */
export class FilesystemSnapshotStore implements SnapshotStore {
  readonly location: string;
  /** Without symbolic links. */
  readonly #root: string;
  readonly #files: DurableFiles;

  private constructor(location: string, root: string, files: DurableFiles) {
    this.location = location;
    this.#root = root;
    this.#files = files;
  }

  /** @throws StoreError when the directory cannot be made or used */
  static async open({
    directory,
    random,
    clock,
    existing = false,
  }: SnapshotDirectory): Promise<FilesystemSnapshotStore> {
    const location = pathToFileURL(resolve(directory)).href;
    try {
      if (existing) {
        const there = await realpath(directory);
        return new FilesystemSnapshotStore(location, there, DurableFiles.existing(there, random));
      }
      // Syncs the way down to a directory that is new; the real path is known only once it is there.
      await DurableFiles.open(resolve(directory), random, clock);
      const root = await realpath(directory);
      return new FilesystemSnapshotStore(location, root, await DurableFiles.open(root, random, clock));
    } catch (cause) {
      throw new StoreError(`opening the snapshot directory ${location}`, explained(cause));
    }
  }

  async create(path: string): Promise<SnapshotFile> {
    checkSnapshotPath(path);
    const file = await this.#attempt('creating', path, () => this.#files.begin());
    return new SingleUseFile(path, {
      write: (bytes) => this.#attempt('writing', path, () => file.write(bytes)),
      close: () => this.#attempt('writing', path, () => this.#close(path, file)),
      abort: () => this.#attempt('giving up', path, () => file.discard()),
    });
  }

  async read(path: string, offset = 0, length?: number): Promise<Uint8Array> {
    checkSnapshotPath(path);
    checkRange(path, offset, length);
    return this.#attempt('reading', path, async () => {
      await this.#checkFolder(dirname(path));
      const handle = await open(this.#placeOf(path), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const found = await handle.stat();
        if (!found.isFile()) throw new SnapshotNotFoundError(path, this.location);
        const there = Math.max(0, found.size - offset);
        return await readRange(handle, offset, Math.min(length ?? there, there));
      } finally {
        await handle.close();
      }
    });
  }

  async size(path: string): Promise<number | undefined> {
    checkSnapshotPath(path);
    const found = await this.#attempt('looking for', path, () => this.#find(path));
    return found?.size;
  }

  async createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    checkSnapshotPath(path);
    return this.#attempt('creating', path, async () => {
      const file = await this.#files.begin();
      try {
        await file.write(content);
        return await this.#place(path, file);
      } catch (error) {
        await file.discard();
        throw error;
      }
    });
  }

  async list(folder: string): Promise<readonly SnapshotFileInfo[]> {
    checkSnapshotFolder(folder);
    return this.#attempt('listing', folder === '' ? 'all files' : folder, async () => {
      const paths = await this.#pathsBelow(folder);
      const found: SnapshotFileInfo[] = [];
      await inParallel(paths, STORE_PARALLEL_FILES, async (path) => {
        const info = await this.#find(path);
        if (info !== undefined) found.push(info);
      });
      return found;
    });
  }

  async delete(paths: readonly string[]): Promise<void> {
    paths.forEach(checkSnapshotPath);
    const folders = new Set<string>();
    await inParallel(paths, STORE_PARALLEL_FILES, (path) =>
      this.#attempt('deleting', path, async () => {
        try {
          await this.#checkFolder(dirname(path));
          await unlink(this.#placeOf(path));
        } catch (error) {
          if (!isAbsent(error)) throw error;
        }
        folders.add(dirname(path));
      }),
    );
    for (const folder of folders) await this.#attempt('deleting', folder, () => this.#tidy(folder));
  }

  async #close(path: string, file: PendingFile): Promise<void> {
    let created: boolean;
    try {
      created = await this.#place(path, file);
    } catch (error) {
      await file.discard().catch(() => {});
      throw error;
    }
    if (!created) throw new SnapshotExistsError(path, this.location);
  }

  /** Links the file to its place; its folder may be tidied away by another process before that. */
  async #place(path: string, file: PendingFile): Promise<boolean> {
    const place = this.#placeOf(path);
    for (let tried = 1; ; tried++) {
      try {
        await this.#files.makeFolder(dirname(place));
        await this.#checkFolder(dirname(path));
        return await file.create(place);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT' || tried >= STORE_FOLDER_TRIES) throw error;
        this.#files.forgetFolder(dirname(place));
      }
    }
  }

  /** Makes deletions last and removes folders that are empty now. */
  async #tidy(folder: string): Promise<void> {
    try {
      await syncFolder(this.#placeOf(folder));
      for (let path = folder; path !== '.'; path = dirname(path)) {
        this.#files.forgetFolder(this.#placeOf(path));
        await rmdir(this.#placeOf(path));
      }
    } catch (error) {
      if (!isAbsent(error) && !['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
    }
  }

  async #pathsBelow(folder: string): Promise<string[]> {
    const entries = await this.#entriesOf(folder);
    const below: string[] = [];
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!isSnapshotPath(path)) continue;
      if (entry.isFile()) below.push(path);
      else if (entry.isDirectory()) below.push(...(await this.#pathsBelow(path)));
    }
    return below;
  }

  async #entriesOf(folder: string): Promise<readonly Dirent[]> {
    try {
      await this.#checkFolder(folder);
      return await readdir(this.#placeOf(folder), { withFileTypes: true });
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  async #find(path: string): Promise<SnapshotFileInfo | undefined> {
    try {
      await this.#checkFolder(dirname(path));
      const found = await lstat(this.#placeOf(path));
      return found.isFile() ? { path, size: found.size, modifiedAt: found.mtimeMs } : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** @throws an ELOOP error where a symbolic link leads elsewhere, ENOENT where there is no such folder */
  async #checkFolder(folder: string): Promise<void> {
    const place = this.#placeOf(folder);
    if ((await realpath(place)) === place) return;
    throw Object.assign(new Error(`${place} leads elsewhere`), { code: 'ELOOP' });
  }

  #placeOf(path: string): string {
    return join(this.#root, path);
  }

  async #attempt<T>(what: string, path: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      if (cause instanceof MillraceError) throw cause;
      if (what === 'reading' && isAbsent(cause)) throw new SnapshotNotFoundError(path, this.location);
      throw new StoreError(`${what} ${path} in ${this.location}`, explained(cause));
    }
  }
}

async function readRange(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const content = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(content, filled, length - filled, offset + filled);
    if (bytesRead === 0) return content.subarray(0, filled);
    filled += bytesRead;
  }
  return content;
}

/** Nothing there; ENOTDIR where a part of the path is a file. */
function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');
}
