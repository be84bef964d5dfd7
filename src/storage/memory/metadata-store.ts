import type { MetadataEntry, MetadataStore } from '../../ports/stores.ts';
import { checkKey, checkPrefix, checkValue } from '../keys.ts';

/** Metadata in this process: for embedded clusters and tests. Values are copied on the way in and out. */
export class MemoryMetadataStore implements MetadataStore {
  readonly #entries = new Map<string, MetadataEntry>();
  #revision = 0;

  async get(key: string): Promise<MetadataEntry | undefined> {
    checkKey(key);
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : { ...entry, value: new Uint8Array(entry.value) };
  }

  async create(key: string, value: Uint8Array): Promise<boolean> {
    checkKey(key);
    checkValue(key, value);
    if (this.#entries.has(key)) return false;
    this.#write(key, value);
    return true;
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<boolean> {
    checkKey(key);
    checkValue(key, value);
    if (this.#entries.get(key)?.revision !== revision) return false;
    this.#write(key, value);
    return true;
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    checkKey(key);
    checkValue(key, value);
    this.#write(key, value);
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    this.#entries.delete(key);
  }

  async keys(prefix: string): Promise<string[]> {
    checkPrefix(prefix);
    return [...this.#entries.keys()].filter((key) => key.startsWith(prefix));
  }

  #write(key: string, value: Uint8Array): void {
    this.#entries.set(key, { value: new Uint8Array(value), revision: ++this.#revision });
  }
}
