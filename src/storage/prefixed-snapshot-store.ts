import type { SnapshotFile, SnapshotFileInfo, SnapshotStore } from '../ports/snapshot-store.ts';

/** A folder of another store as a store of its own. */
export class PrefixedSnapshotStore implements SnapshotStore {
  readonly location: string;
  readonly #store: SnapshotStore;
  readonly #prefix: string;

  /** @param folder without `/` at its ends */
  constructor(store: SnapshotStore, folder: string) {
    this.#store = store;
    this.#prefix = `${folder}/`;
    this.location = `${store.location}/${folder}`;
  }

  create(path: string): Promise<SnapshotFile> {
    return this.#store.create(this.#prefix + path);
  }

  read(path: string, offset?: number, length?: number): Promise<Uint8Array> {
    return this.#store.read(this.#prefix + path, offset, length);
  }

  size(path: string): Promise<number | undefined> {
    return this.#store.size(this.#prefix + path);
  }

  createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    return this.#store.createExclusive(this.#prefix + path, content);
  }

  async list(folder: string): Promise<readonly SnapshotFileInfo[]> {
    const files = await this.#store.list(folder === '' ? this.#prefix.slice(0, -1) : this.#prefix + folder);
    return files.map((file) => ({ ...file, path: file.path.slice(this.#prefix.length) }));
  }

  delete(paths: readonly string[]): Promise<void> {
    return this.#store.delete(paths.map((path) => this.#prefix + path));
  }
}
