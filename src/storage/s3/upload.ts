import { PassThrough } from 'node:stream';
import { Upload } from '@aws-sdk/lib-storage';
import type { SnapshotFile } from '../../ports/snapshot-store.ts';
import type { S3Bucket } from './bucket.ts';
import { isConflict, isUnknown } from './s3-failure.ts';

/** What became of an upload: it is there, another object had its key, or it failed. */
export type UploadEnd = 'stored' | 'taken' | { readonly error: unknown };

/** One object on its way into a bucket: in one request when it is small, else in parts, a few of them at once. */
export class S3Upload implements Pick<SnapshotFile, 'write' | 'abort'> {
  readonly #bucket: S3Bucket;
  readonly #key: string;
  readonly #writer: string;
  readonly #body: PassThrough;
  /** Settles when the upload has ended, parts of a failed one removed; never rejects. */
  readonly #done: Promise<void>;
  #failure: { readonly error: unknown } | undefined;

  constructor(bucket: S3Bucket, key: string, writer: string) {
    const { partSizeBytes, concurrentUploads } = bucket.settings;
    this.#bucket = bucket;
    this.#key = key;
    this.#writer = writer;
    this.#body = new PassThrough({ highWaterMark: partSizeBytes });
    // It ends the upload too, which reports it.
    this.#body.on('error', () => {});
    const upload = new Upload({
      client: bucket.client,
      params: { ...bucket.newObject(key, writer), Body: this.#body },
      partSize: partSizeBytes,
      queueSize: concurrentUploads,
    });
    this.#done = upload.done().then(
      () => {},
      (error: unknown) => {
        this.#failure = { error };
      },
    );
  }

  /** @throws what the upload failed with */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure === undefined && bytes.byteLength > 0 && !this.#body.write(bytes))
      await Promise.race([new Promise((resolve) => this.#body.once('drain', resolve)), this.#done]);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async end(): Promise<UploadEnd> {
    this.#body.end();
    await this.#done;
    if (this.#failure === undefined) return 'stored';
    const { error } = this.#failure;
    if (!isConflict(error) && !isUnknown(error)) return { error };
    const found = await this.#bucket.head(this.#key);
    if (found === undefined) return { error };
    return found.writer === this.#writer ? 'stored' : 'taken';
  }

  /** @throws where parts that were uploaded could not be removed */
  async abort(): Promise<void> {
    const givenUp = new Error('given up');
    const failedBefore = this.#failure !== undefined;
    this.#body.destroy(givenUp);
    await this.#done;
    if (!failedBefore && this.#failure !== undefined && this.#failure.error !== givenUp)
      throw this.#failure.error;
  }
}
