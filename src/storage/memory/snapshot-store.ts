import type {
  SnapshotFile,
  SnapshotFileInfo,
  SnapshotStore,
  SnapshotStores,
} from '../../ports/snapshot-store.ts';
import { SnapshotNotFoundError } from '../../state/snapshot/errors.ts';
import { checkSnapshotPath } from '../snapshot-paths.ts';

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
    return {
      write: (bytes) => {
        parts.push(new Uint8Array(bytes));
        return Promise.resolve();
      },
      close: () => {
        this.#files.set(path, { content: new Uint8Array(Buffer.concat(parts)), modifiedAt: this.#now() });
        return Promise.resolve();
      },
      abort: () => Promise.resolve(),
    };
  }

  async read(path: string, offset = 0, length?: number): Promise<Uint8Array> {
    const file = this.#files.get(path);
    if (file === undefined) throw new SnapshotNotFoundError(path, this.location);
    return file.content.slice(offset, length === undefined ? undefined : offset + length);
  }

  async size(path: string): Promise<number | undefined> {
    return this.#files.get(path)?.content.byteLength;
  }

  async createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    checkSnapshotPath(path);
    if (this.#files.has(path)) return false;
    this.#files.set(path, { content: new Uint8Array(content), modifiedAt: this.#now() });
    return true;
  }

  async list(folder: string): Promise<readonly SnapshotFileInfo[]> {
    return [...this.#files]
      .filter(([path]) => folder === '' || path.startsWith(`${folder}/`))
      .map(([path, { content, modifiedAt }]) => ({ path, size: content.byteLength, modifiedAt }));
  }

  async delete(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.#files.delete(path);
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
