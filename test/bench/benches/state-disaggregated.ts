import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../actors/nodes/adapters/system-clock.ts';
import { systemRandom } from '../../../actors/nodes/adapters/system-random.ts';
import { GROUP_LOAD_BYTES } from '../../../src/base/limits.ts';
import { ValueStateDescriptor } from '../../../src/functions/state.ts';
import { DisaggregatedStateBackend, RocksDbStateBackend } from '../../../src/state/index.ts';
import type { KeyedStateBackend } from '../../../src/state/index.ts';
import { StateReader } from '../../../src/state/snapshot/state-reader.ts';
import { StateWriter } from '../../../src/state/snapshot/state-writer.ts';
import { FilesystemSnapshotStore } from '../../../src/storage/filesystem/snapshot-store.ts';
import { RocksDbLocalStore } from '../../../src/storage/rocksdb/local-store.ts';
import type { Bench, Measurement } from '../bench.ts';
import { cpuSeconds as cpuOfProcess, peakRssMb } from '../measure.ts';

const MAX_PARALLELISM = 128;
const KEY_GROUPS = { start: 0, end: MAX_PARALLELISM - 1 };
const MB = 1024 ** 2;
const WORKING_SET_BYTES = 160 * MB;
/** Records between two turns of the event loop. */
const BATCH = 256;
/** With its key and counter about 100 bytes. */
const PADDING = 'x'.repeat(80);

const COUNTED = new ValueStateDescriptor<{ count: number; padding: string }>('counted');

function update(backend: KeyedStateBackend, key: number): void {
  backend.setCurrentKey(key);
  const state = backend.getState(COUNTED);
  state.update({ count: (state.value()?.count ?? 0) + 1, padding: PADDING });
}

/** Keys that fall on all key groups, in an order of their own. */
const scattered = (index: number, keys: number): number => (index * 7_919) % keys;

interface Restored {
  /** Until the first record was processed, and until all rows were there; ms. */
  readonly firstMs: number;
  readonly allMs: number;
  /** Records processed by then. */
  readonly records: number;
  /** Longest time between two turns of the event loop. */
  readonly longestPauseMs: number;
}

/** Restores and processes records of all keys until all rows are there, waiting for rows as a task does. */
async function restore(
  backend: KeyedStateBackend,
  store: FilesystemSnapshotStore,
  keys: number,
): Promise<Restored> {
  const startedAt = performance.now();
  await backend.restore([await StateReader.open(store, 'base')]);
  let waiting: Promise<void> | undefined;
  const { remote } = backend;
  void remote?.start((promise) => {
    waiting = promise;
  });
  let firstMs = 0;
  let longestPauseMs = 0;
  let records = 0;
  for (let turnAt = performance.now(); records === 0 || remote?.any === true;) {
    for (let index = 0; index < BATCH; index += 1) {
      const key = scattered(records, keys);
      if (remote?.has(key) === false) {
        // The rest of the batch is asked for with it.
        for (let ahead = records; ahead < records + BATCH - index; ahead += 1)
          remote.announce(scattered(ahead, keys));
        break;
      }
      update(backend, key);
      records += 1;
      if (records === 1) firstMs = performance.now() - startedAt;
    }
    const pause = performance.now() - turnAt;
    longestPauseMs = Math.max(longestPauseMs, pause);
    if (waiting !== undefined) await waiting;
    waiting = undefined;
    await new Promise(setImmediate);
    turnAt = performance.now();
  }
  return { firstMs, allMs: performance.now() - startedAt, records, longestPauseMs };
}

/** A file `base` with all keys, written by a backend of its own. */
async function save(
  backend: KeyedStateBackend,
  store: FilesystemSnapshotStore,
  keys: number,
): Promise<number> {
  for (let key = 0; key < keys; key += 1) update(backend, key);
  const run = backend.beginSnapshot(
    (states) => new StateWriter(store.create('base'), states, KEY_GROUPS, MAX_PARALLELISM),
    'base',
  );
  while (!run.step(() => false)) await run.drained();
  return (await run.finish()).bytes;
}

async function measure(keys: number): Promise<Measurement> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const database = await RocksDbLocalStore.open({
    directory,
    workingSetBytes: WORKING_SET_BYTES,
    blockCacheBytes: 64 * MB,
    blockBytes: 4_096,
    writeBufferBytes: 16 * MB,
    bloomBitsPerKey: 10,
    compaction: 'universal',
    compression: 'snappy',
    threads: 2,
  });
  const options = (operator: number) => ({
    keyGroups: KEY_GROUPS,
    maxParallelism: MAX_PARALLELISM,
    clock: systemClock,
    store: database,
    operator,
    workingSetBytes: WORKING_SET_BYTES,
    loadBytes: GROUP_LOAD_BYTES,
  });
  try {
    const store = await FilesystemSnapshotStore.open({ directory, random: systemRandom, clock: systemClock });
    const bytes = await save(new RocksDbStateBackend(options(0)), store, keys);
    const whole = await restore(new RocksDbStateBackend(options(1)), store, keys);
    const cpuBefore = cpuOfProcess();
    const backend = new DisaggregatedStateBackend(options(2));
    const remote = await restore(backend, store, keys);
    if (backend.size !== keys) throw new Error(`${backend.size} keys were restored of ${keys}`);
    return {
      records: keys,
      seconds: remote.allMs / 1_000,
      cpuSeconds: cpuOfProcess() - cpuBefore,
      peakRssMb: peakRssMb(),
      details: {
        snapshotMb: bytes / 1e6,
        rocksDbFirstRecordMs: whole.firstMs,
        firstRecordMs: remote.firstMs,
        allLoadedMs: remote.allMs,
        recordsMeanwhile: remote.records,
        longestPauseMs: remote.longestPauseMs,
      },
    };
  } finally {
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

export const stateDisaggregated: Bench = {
  name: 'state-disaggregated',
  title:
    'restoring keyed state of one slot: time to the first record and to all rows, left in its files or read at once into RocksDB',
  records: 1_000_000,
  run: measure,
};
