import { booleanOption, enumOption, intOption, memoryOption, refusedOption, stringOption } from './option.ts';

const MB = 1024 ** 2;
/** The binding takes sizes of 32 bits. */
const MAX_BYTES = 4 * 1024 ** 3 - 1;

/** Options of the state backends on disk. */
export const ROCKSDB_OPTIONS = {
  stateBackend: enumOption('state.backend.type', {
    defaultValue: 'hashmap',
    words: {
      hashmap: 'hashmap',
      jobmanager: 'hashmap',
      memory: 'hashmap',
      rocksdb: 'rocksdb',
      forst: 'forst',
      disaggregated: 'forst',
      filesystem: 'forst',
    },
    description:
      'Where keyed state lives while the job runs: hashmap on the heap; rocksdb in files of its own on a local disk, with the rows in use on the heap (windows without a trigger of their own stay on the heap); forst (also `disaggregated`, `filesystem`) in the files of checkpoints, with a local RocksDB as its cache: a restored job runs before its state has been read, and key groups come as they are used. Savepoints of one restore into the others. `jobmanager` and `memory` are old names of hashmap; with Flink `filesystem` is one too.',
    aliases: ['state.backend'],
  }),
  rocksDbDirectory: stringOption('state.backend.rocksdb.localdir', {
    defaultValue: undefined,
    description:
      'Folders for the databases, on fast local disks, separated by commas; subtasks take them in turn, and each removes its own. Unset: io.tmp.dirs.',
  }),
  forStDirectory: stringOption('state.backend.forst.cache.dir', {
    defaultValue: undefined,
    description:
      'Folders for the local databases of forst, as state.backend.rocksdb.localdir, which it is by default. Their other settings are those of RocksDB.',
  }),
  forStCacheLimit: memoryOption('state.backend.forst.cache.size-based-limit', {
    defaultValue: 0,
    description:
      'What an operator of a subtask keeps in the local database of forst, about, in bytes of state files; 0: all that has been loaded. Beyond it key groups go that were not used for longest and that the last whole checkpoint has as they are. A window function that may use state of its keys needs all of them whenever windows fire.',
  }),
  rocksDbWorkingSet: memoryOption('state.backend.rocksdb.working-set.size', {
    defaultValue: 64 * MB,
    min: MB,
    description:
      "Heap, about, for the rows that an operator of a subtask holds decoded: what is among them costs no read of the database. Millrace's own.",
  }),
  rocksDbBlockCache: memoryOption('state.backend.rocksdb.block.cache-size', {
    defaultValue: 8 * MB,
    min: MB,
    max: MAX_BYTES,
    description: 'Cache of uncompressed blocks, one per subtask.',
    aliases: ['state.backend.rocksdb.block.cache.size'],
  }),
  rocksDbBlockSize: memoryOption('state.backend.rocksdb.block.blocksize', {
    defaultValue: 4 * 1024,
    min: 1024,
    max: 16 * MB,
    description: 'Bytes of a block, before compression.',
  }),
  rocksDbWriteBuffer: memoryOption('state.backend.rocksdb.writebuffer.size', {
    defaultValue: 16 * MB,
    min: MB,
    max: 1024 * MB,
    description:
      'Bytes of a write buffer; a subtask has up to 6, of which two are written to disk together. Flink has 64 mb, and 2 of them.',
    aliases: ['state.backend.rocksdb.write.buffer.size'],
  }),
  rocksDbUseBloomFilter: booleanOption('state.backend.rocksdb.use-bloom-filter', {
    defaultValue: true,
    description:
      'Whether files have Bloom filters, which spare reads of keys that are not there. Unlike Flink: true by default.',
  }),
  rocksDbBloomBits: intOption('state.backend.rocksdb.bloom-filter.bits-per-key', {
    defaultValue: 10,
    min: 1,
    description: 'Bits of the Bloom filters per key.',
    aliases: ['state.backend.rocksdb.bloom.filter.bits-per-key'],
  }),
  rocksDbCompaction: enumOption('state.backend.rocksdb.compaction.style', {
    defaultValue: 'universal',
    words: { universal: 'universal', level: 'level' },
    refused: {
      fifo: 'it removes the oldest rows, which are state like any other',
      none: 'reads would look into more files with every write buffer; UNIVERSAL rewrites the least',
    },
    description:
      'How files are merged. Unlike Flink (LEVEL) UNIVERSAL by default: updates are twice as fast, for up to twice the disk.',
  }),
  rocksDbCompression: enumOption('state.backend.rocksdb.compression.per.level', {
    defaultValue: 'snappy',
    words: {
      snappy: 'snappy',
      'snappy-compression': 'snappy',
      zstd: 'zstd',
      'zstd-compression': 'zstd',
    },
    refused: Object.fromEntries(
      ['none', 'no-compression', 'lz4', 'lz4-compression'].map((word) => [
        word,
        'the RocksDB binding has SNAPPY and ZSTD only, for all levels',
      ]),
    ),
    description:
      'How files are compressed, all levels alike. With compaction.style LEVEL always ZSTD, but for the first two levels.',
    aliases: ['state.backend.rocksdb.block.compress.type'],
  }),
  rocksDbThreads: intOption('state.backend.rocksdb.thread.num', {
    defaultValue: 2,
    min: 1,
    description: 'Threads of a subtask that write buffers to disk and compact files.',
  }),
} as const;

const FIXED = 'the RocksDB binding has no such setting';

/** Keys of Flink's for RocksDB and ForSt that have no meaning here, and why. */
export const REFUSED_ROCKSDB_OPTIONS = {
  forStCacheReserve: refusedOption('state.backend.forst.cache.reserve-size', {
    reason: 'local disks are not watched; bound the cache by state.backend.forst.cache.size-based-limit',
  }),
  forStPrimaryDirectory: refusedOption('state.backend.forst.primary-dir', {
    reason:
      'state is in the files of checkpoints (execution.checkpointing.dir), and nowhere else outside its task',
    harmless: ['checkpoint-dir'],
  }),
  rocksDbTimers: refusedOption('state.backend.rocksdb.timer-service.factory', {
    reason: 'timers are part of the state in the database, but their queue is on the heap',
    harmless: ['heap'],
  }),
  rocksDbWriteBuffers: refusedOption('state.backend.rocksdb.writebuffer.count', {
    reason: `${FIXED}: there are up to 6 write buffers`,
    harmless: ['6'],
    aliases: ['state.backend.rocksdb.write.buffer.count'],
  }),
  rocksDbMerge: refusedOption('state.backend.rocksdb.writebuffer.number-to-merge', {
    reason: `${FIXED}: 2 write buffers are merged`,
    harmless: ['2'],
  }),
  rocksDbManaged: refusedOption('state.backend.rocksdb.memory.managed', {
    reason:
      'there is no managed memory that slots share; bound each subtask by state.backend.rocksdb.working-set.size, block.cache-size and writebuffer.size',
    harmless: ['false'],
  }),
  rocksDbFixedPerSlot: refusedOption('state.backend.rocksdb.memory.fixed-per-slot', {
    reason:
      'memory is bound per subtask by state.backend.rocksdb.working-set.size, block.cache-size and writebuffer.size',
  }),
  rocksDbPredefined: refusedOption('state.backend.rocksdb.predefined-options', {
    reason: 'the options of the binding are set one by one',
    harmless: ['default'],
  }),
  rocksDbOpenFiles: refusedOption('state.backend.rocksdb.files.open', { reason: FIXED, harmless: ['-1'] }),
  rocksDbTtlCleanup: refusedOption('state.backend.rocksdb.state.ttl.cleanup.size', {
    reason: 'set it in the program: StateTtlConfig.newBuilder(ttl).cleanupIncrementally(size, everyRecord)',
  }),
  rocksDbTtlThreads: refusedOption('state.backend.rocksdb.state.ttl.cleanup.rocksdb.background-threads', {
    reason:
      'the binding cannot filter rows as it compacts files; use StateTtlConfig.newBuilder(ttl).cleanupIncrementally(size, everyRecord)',
  }),
} as const;
