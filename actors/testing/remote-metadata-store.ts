import { ExternalError } from '../../src/base/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { MetadataEntry, MetadataStore } from '../../src/ports/stores.ts';
import type { SeededRandom } from '../../src/testing/seeded-random.ts';

export interface RemoteMetadataOptions {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Whether the store can be reached now. */
  readonly isReachable: () => boolean;
}

const MEAN_DELAY_MS = 5;

/** A metadata store as one node reaches it over a network: answers take time, and while it is cut off writes fail with unknown outcome. */
export class RemoteMetadataStore implements MetadataStore {
  readonly #options: RemoteMetadataOptions;

  constructor(options: RemoteMetadataOptions) {
    this.#options = options;
  }

  get(key: string): Promise<MetadataEntry | undefined> {
    return this.#reach((store) => store.get(key));
  }

  create(key: string, value: Uint8Array): Promise<boolean> {
    return this.#reach((store) => store.create(key, value));
  }

  update(key: string, value: Uint8Array, revision: number): Promise<boolean> {
    return this.#reach((store) => store.update(key, value, revision));
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.#reach((store) => store.put(key, value));
  }

  delete(key: string): Promise<void> {
    return this.#reach((store) => store.delete(key));
  }

  keys(prefix: string): Promise<string[]> {
    return this.#reach((store) => store.keys(prefix));
  }

  async #reach<T>(act: (store: MetadataStore) => Promise<T>): Promise<T> {
    const { store, random, isReachable } = this.#options;
    await this.#pass();
    // The request or its answer is lost.
    if (!isReachable() && random.chance(0.5)) throw unreachable();
    const result = await act(store);
    await this.#pass();
    if (!isReachable()) throw unreachable();
    return result;
  }

  #pass(): Promise<void> {
    const { clock, random } = this.#options;
    return new Promise((resolve) => {
      clock.setTimeout(resolve, random.exponential(MEAN_DELAY_MS), 'metadata');
    });
  }
}

function unreachable(): ExternalError {
  return new ExternalError('the metadata store cannot be reached');
}
