import type { ObjectStore } from '@nats-io/obj';
import { STORE_TIMEOUT_MS } from '../../base/limits.ts';
import { isConflict } from './conflict.ts';

/** One object on its way into a bucket, chunk by chunk; it is there when its description has been stored, at the end. */
export class NatsUpload {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** Settles when the upload has ended, chunks of a failed one removed; never rejects. */
  readonly #done: Promise<void>;
  #failure: { readonly error: unknown } | undefined;

  constructor(store: ObjectStore, name: string, previousRevision: number) {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.#done = store.put({ name }, readable, { previousRevision, timeout: STORE_TIMEOUT_MS }).then(
      () => {},
      (error: unknown) => {
        this.#failure = { error };
      },
    );
  }

  /** @throws what the upload failed with */
  async write(bytes: Uint8Array): Promise<void> {
    const written = this.#writer.write(bytes);
    written.catch(() => {});
    if (this.#failure === undefined) await Promise.race([written, this.#done]);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** False when another object has the name. @throws what the upload failed with */
  async end(): Promise<boolean> {
    this.#writer.close().catch(() => {});
    await this.#done;
    if (this.#failure === undefined) return true;
    if (isConflict(this.#failure.error)) return false;
    throw this.#failure.error;
  }

  async abort(): Promise<void> {
    const givenUp = new Error('given up');
    const failedBefore = this.#failure !== undefined;
    await this.#writer.abort(givenUp).catch(() => {});
    await this.#done;
    if (!failedBefore && this.#failure !== undefined && this.#failure.error !== givenUp)
      throw this.#failure.error;
  }
}
