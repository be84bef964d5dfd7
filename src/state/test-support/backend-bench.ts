import { operatorComponent } from '../../metrics/test-support/operator-component.ts';
import { HashMapStateBackend } from '../hashmap/hashmap-backend.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { KeyedStateBackend } from '../keyed-state-backend.ts';
import { OperatorLatencies } from '../latency/operator-latencies.ts';
import { DisaggregatedStateBackend } from '../disaggregated/disaggregated-backend.ts';
import { RocksDbStateBackend } from '../rocksdb/rocksdb-backend.ts';
import type { RocksDbStateBackendOptions } from '../rocksdb/rocksdb-backend.ts';
import { RocksDbLocalStore } from '../../storage/rocksdb/local-store.ts';

/** Makes empty backends of one kind. */
export interface BackendBench {
  create(keyGroups: KeyGroupRange, maxParallelism: number, clock: { now(): number }): KeyedStateBackend;
  dispose(): Promise<void>;
}

export const hashMapBench = (): Promise<BackendBench> =>
  Promise.resolve({
    create: (keyGroups, maxParallelism, clock) => new HashMapStateBackend(keyGroups, maxParallelism, clock),
    dispose: () => Promise.resolve(),
  });

/** The same, with accesses to state that are timed. */
export const trackedBench = (bench: BackendBench): BackendBench => ({
  create: (keyGroups, maxParallelism, clock) => {
    const backend = bench.create(keyGroups, maxParallelism, clock);
    const settings = { sampleInterval: 2, historySize: 2, stateNameAsVariable: true };
    backend.trackLatencies(new OperatorLatencies(settings, operatorComponent(), { monotonic: () => 0 }));
    return backend;
  },
  dispose: () => bench.dispose(),
});

/** Operators of one database in turn, each emptied before: to open one takes longer than most tests. */
const OPERATORS = 200;

/** @param workingSetBytes little: rows leave the heap all the time; much: they never do */
export const rocksDbBench = (workingSetBytes: number): Promise<BackendBench> =>
  localStoreBench(workingSetBytes, (options) => new RocksDbStateBackend(options));

/** What is restored stays in its files until somebody asks for it. @param cacheBytes missing: what has come stays */
export const disaggregatedBench = (workingSetBytes: number, cacheBytes?: number): Promise<BackendBench> =>
  localStoreBench(workingSetBytes, ({ clock, ...options }) => {
    const standing = { now: () => clock.now(), monotonic: () => 0, setTimeout: () => ({ timer: undefined }) };
    return new DisaggregatedStateBackend({ ...options, clock: standing, loadBytes: 1, cacheBytes });
  });

const localStoreBench = async (
  workingSetBytes: number,
  newBackend: (options: RocksDbStateBackendOptions) => KeyedStateBackend,
): Promise<BackendBench> => {
  const store = await RocksDbLocalStore.open({
    directory: undefined,
    workingSetBytes,
    blockCacheBytes: 8 << 20,
    blockBytes: 4_096,
    writeBufferBytes: 4 << 20,
    bloomBitsPerKey: 10,
    compaction: 'universal',
    compression: 'snappy',
    threads: 1,
  });
  let made = 0;
  return {
    create: (keyGroups, maxParallelism, clock) => {
      const operator = (made += 1) % OPERATORS;
      store.deleteRange(Buffer.from([operator]), Buffer.from([operator + 1]));
      return newBackend({ keyGroups, maxParallelism, clock, store, operator, workingSetBytes });
    },
    dispose: () => store.close(),
  };
};
