import { type ObjectStore, Objm, StorageType } from '@nats-io/obj';
import { ARTIFACT_TIMEOUT_MS, STORE_TIMEOUT_MS } from '../../base/limits.ts';
import type { ArtifactStore } from '../../ports/stores.ts';
import { addressOf, checkAddress, checkArtifactSize, isAddress, verified } from '../artifacts.ts';
import { ArtifactNotFoundError } from '../errors.ts';
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

  async put(content: Uint8Array): Promise<string> {
    checkArtifactSize(content);
    const sha256 = addressOf(content);
    if ((await this.#sizeOf(sha256)) === content.byteLength) return sha256;
    await guarded(this.#options, `storing artifact ${sha256} in ${this.#where}`, ARTIFACT_TIMEOUT_MS, () =>
      this.#store.putBlob({ name: sha256 }, content),
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
    return isAddress(sha256) && (await this.#sizeOf(sha256)) !== undefined;
  }

  get #where(): string {
    return `object store '${this.#options.bucket}'`;
  }

  async #sizeOf(sha256: string): Promise<number | undefined> {
    const what = `looking for artifact ${sha256} in ${this.#where}`;
    const info = await guarded(this.#options, what, STORE_TIMEOUT_MS, () => this.#store.info(sha256));
    return info === null || info.deleted ? undefined : info.size;
  }
}
