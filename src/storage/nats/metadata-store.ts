import { StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { STORE_TIMEOUT_MS } from '../../base/limits.ts';
import type { MetadataEntry, MetadataStore } from '../../ports/stores.ts';
import { checkKey, checkPrefix, checkValue } from '../keys.ts';
import { isConflict } from './conflict.ts';
import { type NatsStoreOptions, guarded } from './guarded.ts';
import { openBucket } from './open-bucket.ts';

export interface NatsMetadataStoreOptions extends NatsStoreOptions {
  /** Entries vanish this long after their last write: for leases. Default: never. Only used when the bucket is made. */
  readonly ttlMs?: number;
}

/**
 * Metadata in a JetStream KV bucket. Reads go to the stream's leader (`allow_direct: false`) and may still come from
 * a deposed one, so they inform and never decide: decisions are `create` and `update`. A rejected write may have
 * taken effect; read again before trying again.
 */
export class NatsMetadataStore implements MetadataStore {
  readonly #options: NatsMetadataStoreOptions;
  readonly #kv: KV;

  private constructor(options: NatsMetadataStoreOptions, kv: KV) {
    this.#options = options;
    this.#kv = kv;
  }

  /** @throws StoreError, say where JetStream is not enabled. */
  static async open(options: NatsMetadataStoreOptions): Promise<NatsMetadataStore> {
    const kv = await openBucket(options, `opening the KV bucket '${options.bucket}'`, () =>
      new Kvm(options.transport.connection).create(options.bucket, {
        history: 1,
        storage: StorageType.File,
        allow_direct: false,
        replicas: options.replicas ?? 1,
        ...(options.ttlMs === undefined ? {} : { ttl: options.ttlMs }),
      }),
    );
    return new NatsMetadataStore(options, kv);
  }

  async get(key: string): Promise<MetadataEntry | undefined> {
    checkKey(key);
    const entry = await this.#run(`reading metadata key '${key}'`, () => this.#kv.get(key));
    if (entry === null || entry.operation !== 'PUT') return undefined;
    return { value: new Uint8Array(entry.value), revision: entry.revision };
  }

  async create(key: string, value: Uint8Array): Promise<boolean> {
    checkKey(key);
    checkValue(key, value);
    return this.#run(`creating metadata key '${key}'`, () =>
      unlessConflict(() => this.#kv.create(key, value)),
    );
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<boolean> {
    checkKey(key);
    checkValue(key, value);
    if (revision <= 0) return false;
    return this.#run(`updating metadata key '${key}'`, () =>
      unlessConflict(() => this.#kv.update(key, value, revision)),
    );
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    checkKey(key);
    checkValue(key, value);
    await this.#run(`writing metadata key '${key}'`, () => this.#kv.put(key, value));
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    await this.#run(`deleting metadata key '${key}'`, () => this.#kv.delete(key));
  }

  async keys(prefix: string): Promise<string[]> {
    checkPrefix(prefix);
    return this.#run('listing metadata keys', async () => {
      const found: string[] = [];
      for await (const key of await this.#kv.keys(filterFor(prefix)))
        if (key.startsWith(prefix)) found.push(key);
      return found;
    });
  }

  #run<T>(what: string, act: () => Promise<T>): Promise<T> {
    return guarded(this.#options, `${what} in KV bucket '${this.#options.bucket}'`, STORE_TIMEOUT_MS, act);
  }
}

/** The narrowest subject filter that covers the prefix: whole tokens only. */
function filterFor(prefix: string): string {
  const tokens = prefix.split('.').slice(0, -1);
  return tokens.length === 0 || tokens.includes('') ? '>' : `${tokens.join('.')}.>`;
}

async function unlessConflict(write: () => Promise<number>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}
