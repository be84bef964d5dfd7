import { type ObjectInfo, type ObjectStore, Objm, StorageType } from '@nats-io/obj';
import { ARTIFACT_TIMEOUT_MS, STORE_PARALLEL_FILES, STORE_TIMEOUT_MS } from '../../base/limits.ts';
import type { Logger } from '../../ports/logger.ts';
import type { SnapshotFile, SnapshotFileInfo, SnapshotStore } from '../../ports/snapshot-store.ts';
import { SnapshotExistsError, SnapshotNotFoundError } from '../../state/snapshot/errors.ts';
import { inParallel } from '../in-parallel.ts';
import { SingleUseFile } from '../single-use-file.ts';
import { checkRange, checkSnapshotFolder, checkSnapshotPath, isSnapshotPath } from '../snapshot-paths.ts';
import { type NatsStoreOptions, guarded } from './guarded.ts';
import { NatsUpload } from './nats-upload.ts';
import { openBucket } from './open-bucket.ts';
import { readObject } from './read-object.ts';
import { isConflict } from './conflict.ts';

export interface NatsSnapshotStoreOptions extends NatsStoreOptions {
  readonly logger: Logger;
}

/**
 * Snapshots as objects of a JetStream object store bucket. For development only, and it says so when it is opened: a server
 * syncs what it stores only every two minutes by default, so a power cut loses decided checkpoints; chunks of one object are
 * not written together; a range is read from the object's beginning.
 */
export class NatsSnapshotStore implements SnapshotStore {
  readonly location: string;
  readonly #options: NatsStoreOptions;
  readonly #store: ObjectStore;

  private constructor(options: NatsStoreOptions, store: ObjectStore) {
    this.location = `nats-objects:${options.bucket}`;
    this.#options = options;
    this.#store = store;
  }

  /** @throws StoreError, say where JetStream is not enabled. */
  static async open(options: NatsSnapshotStoreOptions): Promise<NatsSnapshotStore> {
    const { bucket, logger, replicas = 1, transport } = options;
    const store = await openBucket(options, `opening the object store '${bucket}'`, () =>
      new Objm(transport.connection).create(bucket, { storage: StorageType.File, replicas }),
    );
    logger.warn(
      'checkpoints go to a JetStream object store, which is for development: after a power cut they may be lost; use file:// or s3://',
      { bucket },
    );
    return new NatsSnapshotStore(options, store);
  }

  async create(path: string): Promise<SnapshotFile> {
    checkSnapshotPath(path);
    const revision = await this.#revisionWhenFree(path);
    // Where the path is taken, the upload is refused at its end, as with every store.
    const upload = new NatsUpload(this.#store, path, revision ?? 0);
    return new SingleUseFile(path, {
      write: (bytes) => this.#run('writing', path, () => upload.write(bytes)),
      close: async () => {
        const stored = await this.#run('writing', path, () => upload.end(), ARTIFACT_TIMEOUT_MS);
        if (!stored) throw new SnapshotExistsError(path, this.location);
      },
      abort: () => this.#run('giving up', path, () => upload.abort()),
    });
  }

  async read(path: string, offset = 0, length?: number): Promise<Uint8Array> {
    checkSnapshotPath(path);
    checkRange(path, offset, length);
    const read = (): Promise<Uint8Array | undefined> => readObject(this.#store, path, offset, length);
    const content = await this.#run('reading', path, read, ARTIFACT_TIMEOUT_MS);
    if (content === undefined) throw new SnapshotNotFoundError(path, this.location);
    return content;
  }

  async size(path: string): Promise<number | undefined> {
    checkSnapshotPath(path);
    const info = await this.#infoOf(path);
    return info === null || info.deleted ? undefined : info.size;
  }

  async createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    checkSnapshotPath(path);
    const previousRevision = await this.#revisionWhenFree(path);
    if (previousRevision === undefined) return false;
    return this.#run('creating', path, async () => {
      try {
        await this.#store.putBlob({ name: path }, new Uint8Array(content), { previousRevision });
        return true;
      } catch (error) {
        if (isConflict(error)) return false;
        throw error;
      }
    });
  }

  async list(folder: string): Promise<readonly SnapshotFileInfo[]> {
    checkSnapshotFolder(folder);
    const objects = await this.#run('listing', folder, () => this.#store.list(), ARTIFACT_TIMEOUT_MS);
    return objects
      .filter(({ name }) => isSnapshotPath(name) && (folder === '' || name.startsWith(`${folder}/`)))
      .map(({ name, size, mtime }) => ({ path: name, size, modifiedAt: Date.parse(mtime) }));
  }

  async delete(paths: readonly string[]): Promise<void> {
    paths.forEach(checkSnapshotPath);
    await inParallel([...new Set(paths)], STORE_PARALLEL_FILES, async (path) => {
      if ((await this.size(path)) === undefined) return;
      await this.#run('deleting', path, () => this.#store.delete(path));
    });
  }

  /** What a conditional write must find: 0, or the marker of a deletion; undefined where the path is taken. */
  async #revisionWhenFree(path: string): Promise<number | undefined> {
    const info = await this.#infoOf(path);
    if (info === null) return 0;
    return info.deleted ? info.revision : undefined;
  }

  #infoOf(path: string): Promise<ObjectInfo | null> {
    return this.#run('looking for', path, () => this.#store.info(path));
  }

  #run<T>(what: string, path: string, act: () => Promise<T>, timeoutMs = STORE_TIMEOUT_MS): Promise<T> {
    return guarded(this.#options, `${what} ${path} in ${this.location}`, timeoutMs, act);
  }
}
