import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InternalError } from '../../base/errors.ts';
import type { LocalBatch, LocalScan, LocalStore } from '../../ports/local-store.ts';
import { StoreError } from '../errors.ts';
import { loadBinding } from './binding.ts';
import type { NativeBatch, NativeDatabase, NativeIterator, RocksDbBinding } from './binding.ts';
import type { RocksDbSettings } from './settings.ts';

const NO_OPTIONS = Object.freeze({});
/** The binding takes four write buffers' worth of memory as its budget. */
const WRITE_BUFFERS_OF_BUDGET = 4;

/** A RocksDB database in a new folder below `settings.directory`, removed when it is closed. */
export class RocksDbLocalStore implements LocalStore {
  readonly location: string;
  readonly #binding: RocksDbBinding;
  /** Undefined when closed: the native side must not be called any more. */
  #database: NativeDatabase | undefined;
  readonly #scans = new Set<RocksDbScan>();
  readonly #oneKey: Uint8Array[] = [];

  private constructor(location: string, binding: RocksDbBinding, database: NativeDatabase) {
    this.location = location;
    this.#binding = binding;
    this.#database = database;
  }

  /** @throws ConfigurationError without a binding for this machine, StoreError when the folder cannot be used */
  static async open(settings: RocksDbSettings): Promise<RocksDbLocalStore> {
    const binding = loadBinding();
    const parent = settings.directory ?? tmpdir();
    try {
      await mkdir(parent, { recursive: true });
      const location = await mkdtemp(join(parent, 'millrace-rocksdb-'));
      const database = binding.db_init(location);
      await new Promise<void>((resolve, reject) => {
        binding.db_open(database, nativeOptions(settings), (error) =>
          error === null || error === undefined ? resolve() : reject(error),
        );
      });
      return new RocksDbLocalStore(location, binding, database);
    } catch (cause) {
      throw new StoreError(`to open a RocksDB database below ${parent}`, cause);
    }
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#oneKey[0] = key;
    const database = this.#open;
    try {
      return this.#binding.db_get_many_sync(database, this.#oneKey, NO_OPTIONS)[0];
    } catch (cause) {
      throw failed(this.location, 'read', cause);
    }
  }

  newBatch(): LocalBatch {
    return new RocksDbBatch(this, this.#binding);
  }

  scan(from: Uint8Array, to: Uint8Array, { values }: { readonly values: boolean }): LocalScan {
    const iterator = this.#binding.iterator_init(this.#open, {
      gte: from,
      lt: to,
      values,
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
    });
    const scan = new RocksDbScan(this.location, this.#binding, iterator, () => this.#scans.delete(scan));
    this.#scans.add(scan);
    return scan;
  }

  deleteRange(from: Uint8Array, to: Uint8Array): void {
    const database = this.#open;
    try {
      this.#binding.db_clear(database, { gte: from, lt: to });
    } catch (cause) {
      throw failed(this.location, 'remove', cause);
    }
  }

  write(batch: NativeBatch): void {
    const database = this.#open;
    try {
      this.#binding.batch_write(database, batch, NO_OPTIONS);
    } catch (cause) {
      throw failed(this.location, 'write', cause);
    }
    this.#binding.batch_clear(batch);
  }

  async close(): Promise<void> {
    const database = this.#database;
    if (database === undefined) return;
    for (const scan of this.#scans) scan.close();
    this.#database = undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#binding.db_close(database, (error) =>
          error === null || error === undefined ? resolve() : reject(error),
        );
      });
      await rm(this.location, { recursive: true, force: true });
    } catch (cause) {
      throw failed(this.location, 'close', cause);
    }
  }

  get #open(): NativeDatabase {
    if (this.#database === undefined) throw new InternalError(`${this.location} is used after it was closed`);
    return this.#database;
  }
}

class RocksDbBatch implements LocalBatch {
  readonly #store: RocksDbLocalStore;
  readonly #binding: RocksDbBinding;
  readonly #batch: NativeBatch;

  constructor(store: RocksDbLocalStore, binding: RocksDbBinding) {
    this.#store = store;
    this.#binding = binding;
    this.#batch = binding.batch_init();
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#binding.batch_put(this.#batch, key, value, NO_OPTIONS);
  }

  delete(key: Uint8Array): void {
    this.#binding.batch_del(this.#batch, key, NO_OPTIONS);
  }

  write(): void {
    this.#store.write(this.#batch);
  }
}

class RocksDbScan implements LocalScan {
  readonly #location: string;
  readonly #binding: RocksDbBinding;
  readonly #closed: () => void;
  #iterator: NativeIterator | undefined;
  #finished = false;

  constructor(location: string, binding: RocksDbBinding, iterator: NativeIterator, closed: () => void) {
    this.#location = location;
    this.#binding = binding;
    this.#iterator = iterator;
    this.#closed = closed;
  }

  seek(key: Uint8Array): void {
    this.#finished = false;
    this.#binding.iterator_seek(this.#open, key);
  }

  next(count: number): readonly (Uint8Array | undefined)[] {
    if (this.#finished) return [];
    const iterator = this.#open;
    try {
      const { rows, finished } = this.#binding.iterator_nextv_sync(iterator, count);
      this.#finished = finished;
      return rows;
    } catch (cause) {
      throw failed(this.#location, 'read', cause);
    }
  }

  close(): void {
    if (this.#iterator === undefined) return;
    this.#binding.iterator_close(this.#iterator);
    this.#iterator = undefined;
    this.#closed();
  }

  get #open(): NativeIterator {
    if (this.#iterator === undefined)
      throw new InternalError(`a scan of ${this.#location} is used after it was closed`);
    return this.#iterator;
  }
}

/**
 * The log of writes is not worth compressing or syncing: the database does not outlive its task. Blocks and write buffers are
 * laid out for reads of single keys, which nearly all are: a quarter faster.
 */
function nativeOptions(settings: RocksDbSettings): Readonly<Record<string, unknown>> {
  return {
    createIfMissing: true,
    errorIfExists: true,
    compaction: settings.compaction,
    compression: settings.compression === 'zstd',
    memtableMemoryBudget: settings.writeBufferBytes * WRITE_BUFFERS_OF_BUDGET,
    cacheSize: settings.blockCacheBytes,
    cacheIndexAndFilterBlocks: false,
    blockSize: settings.blockBytes,
    optimize: 'point-lookup',
    filterPolicy:
      settings.bloomBitsPerKey === 0 ? 'nullptr' : `bloomfilter:${settings.bloomBitsPerKey}:false`,
    parallelism: settings.threads,
    walCompression: false,
  };
}

function failed(location: string, what: string, cause: unknown): StoreError {
  return new StoreError(`to ${what} the RocksDB database in ${location}`, cause);
}
