import type { Clock } from '../../src/ports/clock.ts';
import type { SnapshotFile, SnapshotStore, SnapshotStores } from '../../src/ports/snapshot-store.ts';
import type { SeededRandom } from '../../src/testing/seeded-random.ts';

export interface SlowStoresOptions {
  readonly stores: SnapshotStores;
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Of an operation, on average; ms. */
  readonly meanDelayMs: number;
}

/** Snapshot stores as one node has them over a network: each operation takes its time, before its effect or after it. */
export class SlowSnapshotStores implements SnapshotStores {
  readonly #options: SlowStoresOptions;

  constructor(options: SlowStoresOptions) {
    this.#options = options;
  }

  async open(uri: string, existing?: boolean): Promise<SnapshotStore> {
    const store = await this.#options.stores.open(uri, existing);
    const slowly = <T>(act: () => Promise<T>): Promise<T> => this.#slowly(act);
    return {
      location: store.location,
      create: (path) => slowly(async () => this.#slowFile(await store.create(path))),
      read: (path, offset, length) => slowly(() => store.read(path, offset, length)),
      size: (path) => slowly(() => store.size(path)),
      createExclusive: (path, content) => slowly(() => store.createExclusive(path, content)),
      list: (folder) => slowly(() => store.list(folder)),
      delete: (paths) => slowly(() => store.delete(paths)),
    };
  }

  #slowFile(file: SnapshotFile): SnapshotFile {
    return {
      write: (bytes) => file.write(bytes),
      close: () => this.#slowly(() => file.close()),
      abort: () => file.abort(),
    };
  }

  async #slowly<T>(act: () => Promise<T>): Promise<T> {
    await this.#pass();
    const result = await act();
    await this.#pass();
    return result;
  }

  #pass(): Promise<void> {
    const { clock, random, meanDelayMs } = this.#options;
    return new Promise((resolve) => {
      clock.setTimeout(resolve, random.exponential(meanDelayMs / 2), 'snapshot store');
    });
  }
}
