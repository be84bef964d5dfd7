/** What a database of RocksDB takes from the configuration. Sizes are bytes. */
export interface RocksDbSettings {
  /** `state.backend.rocksdb.localdir`, or `io.tmp.dirs`; undefined: the system's folder for temporary files. */
  readonly directory: string | undefined;
  /** Memory of the rows that one operator holds decoded, about. */
  readonly workingSetBytes: number;
  readonly blockCacheBytes: number;
  readonly blockBytes: number;
  readonly writeBufferBytes: number;
  /** 0: no filters. */
  readonly bloomBitsPerKey: number;
  readonly compaction: 'universal' | 'level';
  /** With `level`: always ZSTD, from level 2. */
  readonly compression: 'snappy' | 'zstd';
  readonly threads: number;
  /** Of forst: what an operator keeps in the database, in bytes of state files, about; undefined: all that has been loaded. */
  readonly cacheBytes?: number;
}

/** Write buffers that a database has at most. */
const WRITE_BUFFERS = 6;

/** Memory outside the heap that a database may take for block cache and write buffers. */
export function rocksDbMemoryBytes({ blockCacheBytes, writeBufferBytes }: RocksDbSettings): number {
  return blockCacheBytes + WRITE_BUFFERS * writeBufferBytes;
}
