import { afterAll, beforeAll, describe } from 'vitest';
import { MemorySnapshotStore } from '../storage/memory/snapshot-store.ts';
import {
  disaggregatedBench,
  hashMapBench,
  rocksDbBench,
  trackedBench,
} from './test-support/backend-bench.ts';
import type { BackendBench } from './test-support/backend-bench.ts';
import { describeMigration } from './test-support/migration.conformance.ts';
import { describeSnapshots } from './test-support/snapshots.conformance.ts';
import { describeStates } from './test-support/states.conformance.ts';
import { describeTimeToLive } from './test-support/ttl.conformance.ts';

/** A working set of one row: every other row is read from the store and written back. */
const ONE_ROW = 1;

const BACKENDS = {
  hashmap: hashMapBench,
  rocksdb: () => rocksDbBench(64 << 20),
  'rocksdb without memory': () => rocksDbBench(ONE_ROW),
  disaggregated: () => disaggregatedBench(64 << 20),
  'disaggregated without memory': () => disaggregatedBench(ONE_ROW),
  'disaggregated without a cache': () => disaggregatedBench(64 << 20, 0),
  'hashmap with latencies': async () => trackedBench(await hashMapBench()),
};

/** What every caller may rely on, for every backend; snapshots of each are restored by another kind too. */
describe.each([
  ['hashmap', 'rocksdb without memory'],
  ['rocksdb', 'hashmap'],
  ['rocksdb without memory', 'hashmap'],
  ['disaggregated', 'hashmap'],
  ['disaggregated without memory', 'rocksdb'],
  ['disaggregated without a cache', 'hashmap'],
  ['hashmap with latencies', 'disaggregated'],
] as const)('keyed state backend %s, with snapshots for %s', (one, two) => {
  const benches: BackendBench[] = [];
  beforeAll(async () => {
    benches.push(await BACKENDS[one](), await BACKENDS[two]());
  });
  afterAll(async () => {
    for (const bench of benches) await bench.dispose();
  });
  const bench = (): BackendBench => benches[0] as BackendBench;
  const other = (): BackendBench => benches[1] as BackendBench;

  describeStates(bench);
  describeTimeToLive(bench);
  describeMigration(bench, () => new MemorySnapshotStore());
  describeSnapshots(bench, other, () => new MemorySnapshotStore());
});
