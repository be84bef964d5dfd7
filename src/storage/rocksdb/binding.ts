import { createRequire } from 'node:module';
import { ConfigurationError } from '../../base/errors.ts';

declare const handle: unique symbol;
/** Something of the native side; T tells one from another. */
export interface Native<T extends string> {
  readonly [handle]: T;
}
export type NativeDatabase = Native<'database'>;
export type NativeBatch = Native<'batch'>;
export type NativeIterator = Native<'iterator'>;

/** The synchronous inside of @nxtedition/rocksdb, which has no types of its own. Its version is pinned. */
export interface RocksDbBinding {
  db_init(location: string): NativeDatabase;
  db_open(
    database: NativeDatabase,
    options: Readonly<Record<string, unknown>>,
    opened: (error: Error | null) => void,
  ): void;
  db_close(database: NativeDatabase, closed: (error: Error | null) => void): void;
  db_get_many_sync(
    database: NativeDatabase,
    keys: readonly Uint8Array[],
    options: object,
  ): (Buffer | undefined)[];
  db_clear(database: NativeDatabase, options: { readonly gte: Uint8Array; readonly lt: Uint8Array }): void;
  batch_init(): NativeBatch;
  batch_put(batch: NativeBatch, key: Uint8Array, value: Uint8Array, options: object): void;
  batch_del(batch: NativeBatch, key: Uint8Array, options: object): void;
  batch_write(database: NativeDatabase, batch: NativeBatch, options: object): void;
  batch_clear(batch: NativeBatch): void;
  iterator_init(database: NativeDatabase, options: object): NativeIterator;
  iterator_seek(iterator: NativeIterator, key: Uint8Array): void;
  iterator_nextv_sync(
    iterator: NativeIterator,
    count: number,
  ): { readonly rows: (Buffer | undefined)[]; readonly finished: boolean };
  iterator_close(iterator: NativeIterator): void;
}

const load = createRequire(import.meta.url);

/** Loaded by the first database: who keeps state on the heap needs no native code. @throws ConfigurationError */
export function loadBinding(): RocksDbBinding {
  try {
    return load('@nxtedition/rocksdb/binding.js') as RocksDbBinding;
  } catch (cause) {
    throw new ConfigurationError(
      `state.backend.type: rocksdb needs the optional package @nxtedition/rocksdb, which has no binary for ` +
        `${process.platform}-${process.arch} here (there are linux-x64 with glibc and darwin-arm64); use hashmap`,
      { cause },
    );
  }
}
