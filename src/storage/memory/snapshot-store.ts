import type {
  SnapshotFile,
  SnapshotFileInfo,
  SnapshotStore,
  SnapshotStores,
} from '../../ports/snapshot-store.ts';
import { SnapshotExistsError, SnapshotNotFoundError } from '../../state/snapshot/errors.ts';
import { SingleUseFile } from '../single-use-file.ts';
import { checkRange, checkSnapshotFolder, checkSnapshotPath } from '../snapshot-paths.ts';

/** Snapshots in the memory of one process: for tests and simulations. */
export class MemorySnapshotStore implements SnapshotStore {
  readonly location = 'memory:';
  readonly #files = new Map<string, { readonly content: Uint8Array; readonly modifiedAt: number }>();
  readonly #now: () => number;

  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  async create(path: string): Promise<SnapshotFile> {
    checkSnapshotPath(path);
    const parts: Uint8Array[] = [];
    return new SingleUseFile(path, {
      write: async (bytes) => {
        parts.push(bytes);
      },
      close: async () => {
        if (!this.#add(path, Buffer.concat(parts))) throw new SnapshotExistsError(path, this.location);
      },
      abort: async () => {},
    });
  }

  async read(path: string, offset = 0, length?: number): Promise<Uint8Array> {
    checkSnapshotPath(path);
    checkRange(path, offset, length);
    const file = this.#files.get(path);
    if (file === undefined) throw new SnapshotNotFoundError(path, this.location);
    return file.content.slice(offset, length === undefined ? undefined : offset + length);
  }

  async size(path: string): Promise<number | undefined> {
    checkSnapshotPath(path);
    return this.#files.get(path)?.content.byteLength;
  }

  async createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    checkSnapshotPath(path);
    return this.#add(path, content);
  }

  async list(folder: string): Promise<readonly SnapshotFileInfo[]> {
    checkSnapshotFolder(folder);
    return [...this.#files]
      .filter(([path]) => folder === '' || path.startsWith(`${folder}/`))
      .map(([path, { content, modifiedAt }]) => ({ path, size: content.byteLength, modifiedAt }));
  }

  async delete(paths: readonly string[]): Promise<void> {
    paths.forEach(checkSnapshotPath);
    for (const path of paths) this.#files.delete(path);
  }

  #add(path: string, content: Uint8Array): boolean {
    if (this.#files.has(path)) return false;
    this.#files.set(path, { content: new Uint8Array(content), modifiedAt: this.#now() });
    return true;
  }
}

/** Memory stores by their URI: what one node writes, all nodes of the process read. */
export class MemorySnapshotStores implements SnapshotStores {
  readonly #stores = new Map<string, MemorySnapshotStore>();
  readonly #now: () => number;

  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  async open(uri: string): Promise<MemorySnapshotStore> {
    let store = this.#stores.get(uri);
    if (store === undefined) {
      store = new MemorySnapshotStore(this.#now);
      this.#stores.set(uri, store);
    }
    return store;
  }
}
