import { type ObjectInfo, type ObjectStore, Objm, StorageType } from '@nats-io/obj';
import { ARTIFACT_TIMEOUT_MS, STORE_TIMEOUT_MS } from '../../base/limits.ts';
import type { ArtifactStore } from '../../ports/stores.ts';
import { addressOf, checkAddress, checkArtifactSize, isAddress, verified } from '../artifacts.ts';
import { ArtifactNotFoundError } from '../errors.ts';
import { isConflict } from './conflict.ts';
import { type NatsStoreOptions, guarded } from './guarded.ts';
import { openBucket } from './open-bucket.ts';

/** Artifacts in a JetStream object store bucket, each under its address. */
export class NatsArtifactStore implements ArtifactStore {
  readonly #options: NatsStoreOptions;
  readonly #store: ObjectStore;

  private constructor(options: NatsStoreOptions, store: ObjectStore) {
    this.#options = options;
    this.#store = store;
  }

  /** @throws StoreError, say where JetStream is not enabled. */
  static async open(options: NatsStoreOptions): Promise<NatsArtifactStore> {
    const store = await openBucket(options, `opening the object store '${options.bucket}'`, () =>
      new Objm(options.transport.connection).create(options.bucket, {
        storage: StorageType.File,
        replicas: options.replicas ?? 1,
      }),
    );
    return new NatsArtifactStore(options, store);
  }

  /**
   * Only the first of several that put the same content writes it: a later one would remove the chunks that a reader of
   * the first is waiting for, and the client's reader then waits for ever.
   */
  async put(content: Uint8Array): Promise<string> {
    checkArtifactSize(content);
    const sha256 = addressOf(content);
    const known = await this.#find(sha256);
    if (isWhole(known, content)) return sha256;
    const what = `storing artifact ${sha256} in ${this.#where}`;
    const previousRevision = known?.revision ?? 0;
    await guarded(this.#options, what, ARTIFACT_TIMEOUT_MS, () =>
      this.#store.putBlob({ name: sha256 }, content, { previousRevision }).catch(async (error: unknown) => {
        if (!isConflict(error) || !isWhole(await this.#store.info(sha256), content)) throw error;
      }),
    );
    return sha256;
  }

  async get(sha256: string): Promise<Uint8Array> {
    checkAddress(sha256, this.#where);
    const what = `reading artifact ${sha256} in ${this.#where}`;
    const content = await guarded(this.#options, what, ARTIFACT_TIMEOUT_MS, () =>
      this.#store.getBlob(sha256),
    );
    if (content === null) throw new ArtifactNotFoundError(sha256, this.#where);
    return verified(sha256, content, this.#where);
  }

  async has(sha256: string): Promise<boolean> {
    return isAddress(sha256) && isThere(await this.#find(sha256));
  }

  get #where(): string {
    return `object store '${this.#options.bucket}'`;
  }

  #find(sha256: string): Promise<ObjectInfo | null> {
    const what = `looking for artifact ${sha256} in ${this.#where}`;
    return guarded(this.#options, what, STORE_TIMEOUT_MS, () => this.#store.info(sha256));
  }
}

function isThere(info: ObjectInfo | null): info is ObjectInfo {
  return info !== null && !info.deleted;
}

function isWhole(info: ObjectInfo | null, content: Uint8Array): boolean {
  return isThere(info) && info.size === content.byteLength;
}
