import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../actors/nodes/adapters/system-clock.ts';
import { systemRandom } from '../../../actors/nodes/adapters/system-random.ts';
import { SNAPSHOT_STEP_MS } from '../../../src/base/limits.ts';
import { ValueStateDescriptor } from '../../../src/functions/state.ts';
import { RocksDbStateBackend } from '../../../src/state/index.ts';
import type { KeyedStateBackend, SnapshotMode } from '../../../src/state/index.ts';
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
const UPDATES_PER_STEP = 128;
/** Updates of each measurement, in rounds: figures are those of the second half. */
const UPDATES = 1_000_000;
/** 90 % of the updates fall on 1 % of the keys. */
const HOT_UPDATES = 9;
const HOT_KEYS = 0.01;
/** With its key and counters about 100 bytes. */
const PADDING = 'x'.repeat(80);

interface Counted {
  count: number;
  padding: string;
}

/** Updates of one slot's keyed state. */
class Updates {
  readonly #backend: KeyedStateBackend;
  readonly #keys: number;
  readonly #state;
  #random = 1;

  constructor(backend: KeyedStateBackend, keys: number) {
    this.#backend = backend;
    this.#keys = keys;
    this.#state = backend.getState(new ValueStateDescriptor<Counted>('counted'));
  }

  fill(): void {
    for (let key = 0; key < this.#keys; key += 1) this.#update(key);
  }

  uniform(times: number): void {
    for (let i = 0; i < times; i += 1) this.#update(this.#next(this.#keys));
  }

  skewed(times: number): void {
    const hot = Math.ceil(this.#keys * HOT_KEYS);
    for (let i = 0; i < times; i += 1)
      // Hot keys lie far from each other.
      this.#update(
        this.#next(10) < HOT_UPDATES ? this.#next(hot) * Math.floor(1 / HOT_KEYS) : this.#next(this.#keys),
      );
  }

  touch(keys: number): void {
    for (let key = 0; key < keys; key += 1) this.#update(key);
  }

  #next(below: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.#random >>> 3) % below;
  }

  #update(key: number): void {
    this.#backend.setCurrentKey(key);
    const held = this.#state.value();
    this.#state.update({ count: (held?.count ?? 0) + 1, padding: PADDING });
  }
}

/** Updates per second, after as many that warm up. */
function perSecond(update: (times: number) => void): number {
  update(UPDATES);
  const startedAt = performance.now();
  update(UPDATES);
  return (UPDATES / (performance.now() - startedAt)) * 1_000;
}

async function snapshot(
  backend: KeyedStateBackend,
  store: FilesystemSnapshotStore,
  path: string,
  mode: SnapshotMode,
  meanwhile: () => void,
): Promise<{ readonly bytes: number; readonly longestPauseMs: number; readonly seconds: number }> {
  const startedAt = performance.now();
  const run = backend.beginSnapshot(
    (states) => new StateWriter(store.create(path), states, KEY_GROUPS, MAX_PARALLELISM),
    mode,
  );
  let longestPauseMs = performance.now() - startedAt;
  for (let done = false; !done;) {
    meanwhile();
    const stepAt = performance.now();
    done = run.step(() => performance.now() >= stepAt + SNAPSHOT_STEP_MS);
    longestPauseMs = Math.max(longestPauseMs, performance.now() - stepAt);
    if (run.congested) await run.drained();
    else await new Promise(setImmediate);
  }
  const { bytes } = await run.finish();
  return { bytes, longestPauseMs, seconds: (performance.now() - startedAt) / 1_000 };
}

function openDatabase(directory: string): Promise<RocksDbLocalStore> {
  return RocksDbLocalStore.open({
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
}

function backendOver(store: RocksDbLocalStore, operator: number): RocksDbStateBackend {
  return new RocksDbStateBackend({
    keyGroups: KEY_GROUPS,
    maxParallelism: MAX_PARALLELISM,
    clock: systemClock,
    store,
    operator,
    workingSetBytes: WORKING_SET_BYTES,
  });
}

const residentMb = (): number => process.memoryUsage.rss() / MB;

async function measure(keys: number): Promise<Measurement> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const database = await openDatabase(directory);
  try {
    const store = await FilesystemSnapshotStore.open({ directory, random: systemRandom, clock: systemClock });
    const backend = backendOver(database, 0);
    const updates = new Updates(backend, keys);
    const cpuBefore = cpuOfProcess();
    const startedAt = performance.now();
    updates.fill();
    const seconds = (performance.now() - startedAt) / 1_000;
    const cpuSeconds = cpuOfProcess() - cpuBefore;
    const filledMb = residentMb();
    const uniform = perSecond((times) => updates.uniform(times));
    const skewed = perSecond((times) => updates.skewed(times));
    const afterMb = residentMb();
    const base = await snapshot(backend, store, 'base', 'base', () => updates.skewed(UPDATES_PER_STEP));
    await snapshot(backend, store, 'between', 'delta', () => {});
    updates.touch(Math.floor(keys / 100));
    const delta = await snapshot(backend, store, 'delta', 'delta', () => {});
    const restored = backendOver(database, 1);
    const restoredAt = performance.now();
    await restored.restore([await StateReader.open(store, 'base')]);
    const restoreSeconds = (performance.now() - restoredAt) / 1_000;
    if (restored.size !== keys) throw new Error(`${restored.size} keys were restored of ${keys}`);
    return {
      records: keys,
      seconds,
      cpuSeconds,
      peakRssMb: peakRssMb(),
      details: {
        uniformUpdatesPerSecond: uniform,
        skewedUpdatesPerSecond: skewed,
        rssFilledMb: filledMb,
        rssAfterUpdatesMb: afterMb,
        longestPauseMs: base.longestPauseMs,
        snapshotSeconds: base.seconds,
        snapshotMb: base.bytes / 1e6,
        deltaOfOnePercentToBase: delta.bytes / base.bytes,
        restoreMbPerSecond: base.bytes / 1e6 / restoreSeconds,
      },
    };
  } finally {
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

export const stateRocksDb: Bench = {
  name: 'state-rocksdb',
  title:
    'keyed state of one slot in RocksDB: filling it, updates of all keys and of few, snapshots under updates, restoring',
  records: 5_000_000,
  run: measure,
};
