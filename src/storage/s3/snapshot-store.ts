import { ExternalError, MillraceError } from '../../base/errors.ts';
import { S3_ATTEMPTS, S3_DELETE_BATCH } from '../../base/limits.ts';
import type { Random } from '../../ports/random.ts';
import type { SnapshotFile, SnapshotFileInfo, SnapshotStore } from '../../ports/snapshot-store.ts';
import { SnapshotExistsError, SnapshotNotFoundError } from '../../state/snapshot/errors.ts';
import { StoreError } from '../errors.ts';
import { SingleUseFile } from '../single-use-file.ts';
import { checkRange, checkSnapshotFolder, checkSnapshotPath, isSnapshotPath } from '../snapshot-paths.ts';
import { S3Bucket } from './bucket.ts';
import { explained, isConflict, isUnknown, statusOf } from './s3-failure.ts';
import type { S3Settings } from './settings.ts';
import { S3Upload } from './upload.ts';

export interface S3StoreOptions {
  readonly bucket: string;
  /** Begins the key of every object, without slashes at its ends; '' for the whole bucket. */
  readonly prefix: string;
  readonly settings: S3Settings;
  readonly random: Random;
}

/**
 * Snapshots as objects of an S3 bucket. Every object is written on the condition that its key be free (`If-None-Match: *`)
 * and carries its writer's token, so that a writer whose answer was lost finds out whether the object is its own.
 */
export class S3SnapshotStore implements SnapshotStore {
  readonly location: string;
  readonly #bucket: S3Bucket;
  readonly #prefix: string;
  readonly #random: Random;
  #conditional: Promise<void> | undefined;

  private constructor({ bucket, prefix, settings, random }: S3StoreOptions) {
    this.location = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
    this.#bucket = new S3Bucket(bucket, settings);
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#random = random;
  }

  /** @throws StoreError where the bucket cannot be listed */
  static async open(options: S3StoreOptions): Promise<S3SnapshotStore> {
    const store = new S3SnapshotStore(options);
    await store.#attempt('opening the bucket of', '', async () => {
      for await (const _ of store.#bucket.list(`${store.#prefix}.`)) return;
    });
    return store;
  }

  async create(path: string): Promise<SnapshotFile> {
    checkSnapshotPath(path);
    const upload = new S3Upload(this.#bucket, this.#keyOf(path), this.#random.hex(16));
    return new SingleUseFile(path, {
      write: (bytes) => this.#attempt('writing', path, () => upload.write(bytes)),
      close: () =>
        this.#attempt('writing', path, async () => {
          const end = await upload.end();
          if (end === 'taken') throw new SnapshotExistsError(path, this.location);
          if (end !== 'stored') throw end.error;
        }),
      abort: () => this.#attempt('giving up', path, () => upload.abort()),
    });
  }

  async read(path: string, offset = 0, length?: number): Promise<Uint8Array> {
    checkSnapshotPath(path);
    checkRange(path, offset, length);
    const content = await this.#attempt('reading', path, () => this.#read(path, offset, length));
    if (content === undefined) throw new SnapshotNotFoundError(path, this.location);
    return content;
  }

  async size(path: string): Promise<number | undefined> {
    checkSnapshotPath(path);
    const found = await this.#attempt('looking for', path, () => this.#bucket.head(this.#keyOf(path)));
    return found?.size;
  }

  async createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    checkSnapshotPath(path);
    await this.#checkConditionalWrites();
    return this.#attempt('creating', path, () => this.#createExclusive(this.#keyOf(path), content));
  }

  async list(folder: string): Promise<readonly SnapshotFileInfo[]> {
    checkSnapshotFolder(folder);
    return this.#attempt('listing', folder, async () => {
      const found: SnapshotFileInfo[] = [];
      const prefix = folder === '' ? this.#prefix : `${this.#keyOf(folder)}/`;
      for await (const { key, size, modifiedAt } of this.#bucket.list(prefix)) {
        const path = key.slice(this.#prefix.length);
        if (isSnapshotPath(path)) found.push({ path, size, modifiedAt });
      }
      return found;
    });
  }

  async delete(paths: readonly string[]): Promise<void> {
    paths.forEach(checkSnapshotPath);
    const keys = [...new Set(paths)].map((path) => this.#keyOf(path));
    for (let at = 0; at < keys.length; at += S3_DELETE_BATCH)
      await this.#attempt('deleting', paths[at] as string, () =>
        this.#bucket.delete(keys.slice(at, at + S3_DELETE_BATCH)),
      );
  }

  async #read(path: string, offset: number, length: number | undefined): Promise<Uint8Array | undefined> {
    const key = this.#keyOf(path);
    if (length === 0) return (await this.#bucket.head(key)) === undefined ? undefined : new Uint8Array();
    const last = length === undefined ? '' : String(offset + length - 1);
    const range = offset === 0 && length === undefined ? undefined : `bytes=${offset}-${last}`;
    for (let tried = 1; ; tried++) {
      try {
        return await this.#bucket.get(key, range);
      } catch (error) {
        // The SDK repeats requests, but not an answer that breaks off.
        if (statusOf(error) !== undefined || tried >= S3_ATTEMPTS) throw error;
      }
    }
  }

  async #createExclusive(key: string, content: Uint8Array): Promise<boolean> {
    const writer = this.#random.hex(16);
    for (let tried = 1; ; tried++) {
      try {
        await this.#bucket.putNew(key, content, writer);
        return true;
      } catch (error) {
        if (!isConflict(error) && !isUnknown(error)) throw error;
        const found = await this.#bucket.head(key);
        if (found !== undefined) return found.writer === writer;
        // Another write of the same key was under way and has come to nothing: 409.
        if (!isConflict(error) || tried >= S3_ATTEMPTS) throw error;
      }
    }
  }

  /** Once per store: a server that ignores the condition would let two leaders decide the same. */
  async #checkConditionalWrites(): Promise<void> {
    this.#conditional ??= this.#attempt('trying conditional writes in', '', () => this.#probe());
    try {
      await this.#conditional;
    } catch (error) {
      this.#conditional = undefined;
      throw error;
    }
  }

  async #probe(): Promise<void> {
    const key = `${this.#prefix}.millrace-probe-${this.#random.hex(8)}`;
    try {
      await this.#bucket.putNew(key, new Uint8Array(), 'first');
      const refused = await this.#bucket.putNew(key, new Uint8Array(), 'second').then(
        () => false,
        (error: unknown) => {
          if (isConflict(error)) return true;
          throw error;
        },
      );
      if (!refused)
        throw new ExternalError(
          `the server of ${this.location} ignores "If-None-Match": checkpoints are not safe there; use Amazon S3 or a server with conditional writes`,
          { retryable: false },
        );
    } finally {
      await this.#bucket.delete([key]);
    }
  }

  #keyOf(path: string): string {
    return this.#prefix + path;
  }

  async #attempt<T>(what: string, path: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      if (cause instanceof MillraceError) throw cause;
      const where = path === '' ? this.location : `${path} in ${this.location}`;
      throw new StoreError(`${what} ${where}`, explained(cause));
    }
  }
}
