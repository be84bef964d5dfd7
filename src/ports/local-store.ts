/**
 * An ordered store of bytes on a local disk, for state larger than memory. It belongs to one task, begins empty, and is gone
 * with its files when it is closed: what must last is in checkpoints. All calls but `close` are synchronous.
 *
 * @throws StoreError (each call) when the disk fails; InternalError after `close`
 */
export interface LocalStore {
  /** The folder, for errors. */
  readonly location: string;
  get(key: Uint8Array): Uint8Array | undefined;
  newBatch(): LocalBatch;
  /** Walks over the keys from `from` to before `to`, as they are now, whatever is written meanwhile. */
  scan(from: Uint8Array, to: Uint8Array, options: { readonly values: boolean }): LocalScan;
  /** Removes the keys from `from` to before `to`. */
  deleteRange(from: Uint8Array, to: Uint8Array): void;
  close(): Promise<void>;
}

/** Changes that are made at once. Bytes are copied by each call. */
export interface LocalBatch {
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** Makes the changes and empties the batch. */
  write(): void;
}

/** A walk in the order of keys. Must be closed: it keeps what it sees from being removed. */
export interface LocalScan {
  /** The next `next` begins at this key, or the first one behind it. */
  seek(key: Uint8Array): void;
  /** Up to `count` keys, each followed by its value where values were asked for, else by undefined; fewer at the end only. */
  next(count: number): readonly (Uint8Array | undefined)[];
  close(): void;
}
