import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../actors/nodes/adapters/system-clock.ts';
import { systemRandom } from '../../../actors/nodes/adapters/system-random.ts';
import { SNAPSHOT_STEP_MS } from '../../../src/base/limits.ts';
import { ValueStateDescriptor } from '../../../src/functions/state.ts';
import type { SnapshotStore } from '../../../src/ports/snapshot-store.ts';
import { HashMapStateBackend } from '../../../src/state/hashmap/hashmap-backend.ts';
import type { SnapshotMode } from '../../../src/state/index.ts';
import { StateReader } from '../../../src/state/snapshot/state-reader.ts';
import { StateWriter } from '../../../src/state/snapshot/state-writer.ts';
import type { WrittenState } from '../../../src/state/snapshot/state-writer.ts';
import { FilesystemSnapshotStore } from '../../../src/storage/filesystem/snapshot-store.ts';
import type { Bench, Measurement } from '../bench.ts';
import { cpuSeconds as cpuOfProcess, peakRssMb } from '../measure.ts';

const MAX_PARALLELISM = 128;
const KEY_GROUPS = { start: 0, end: MAX_PARALLELISM - 1 };
/** Updates between two steps of a snapshot, as a task has between two batches. */
const UPDATES_PER_STEP = 512;

interface Counted {
  count: number;
  last: number;
}

/** One slot's keyed state under updates, and what its snapshots cost. */
class StateUnderTest {
  readonly backend = new HashMapStateBackend(KEY_GROUPS, MAX_PARALLELISM, systemClock);
  readonly #state = this.backend.getState(new ValueStateDescriptor<Counted>('counted'));
  readonly #keys: number;
  #random = 1;

  constructor(keys: number) {
    this.#keys = keys;
    for (let key = 0; key < keys; key += 1) this.#update(key);
  }

  /** @param among updates fall on this many keys */
  update(times: number, among = this.#keys): void {
    for (let i = 0; i < times; i += 1) {
      this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
      this.#update((this.#random >>> 3) % among);
    }
  }

  touch(keys: number): void {
    for (let key = 0; key < keys; key += 1) this.#update(key);
  }

  #update(key: number): void {
    this.backend.setCurrentKey(key);
    const held = this.#state.value();
    this.#state.update({ count: (held?.count ?? 0) + 1, last: key });
  }

  /** Takes a snapshot while updates go on. */
  async snapshot(
    store: SnapshotStore,
    path: string,
    mode: SnapshotMode,
  ): Promise<{ readonly written: WrittenState; readonly longestPauseMs: number; readonly seconds: number }> {
    const startedAt = performance.now();
    const run = this.backend.beginSnapshot(
      (states) => new StateWriter(store.create(path), states, KEY_GROUPS, MAX_PARALLELISM),
      mode,
    );
    let longestPauseMs = performance.now() - startedAt;
    for (let done = false; !done;) {
      this.update(UPDATES_PER_STEP);
      const stepAt = performance.now();
      done = run.step(() => performance.now() >= stepAt + SNAPSHOT_STEP_MS);
      longestPauseMs = Math.max(longestPauseMs, performance.now() - stepAt);
      if (run.congested) await run.drained();
      else await new Promise(setImmediate);
    }
    const written = await run.finish();
    return { written, longestPauseMs, seconds: (performance.now() - startedAt) / 1_000 };
  }
}

async function measure(keys: number): Promise<Measurement> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const store = await FilesystemSnapshotStore.open({ directory, random: systemRandom, clock: systemClock });
    const startedAt = performance.now();
    const cpuBefore = cpuOfProcess();
    const state = new StateUnderTest(keys);
    const seconds = (performance.now() - startedAt) / 1_000;
    const cpuSeconds = cpuOfProcess() - cpuBefore;
    const base = await state.snapshot(store, 'base', 'base');
    // A delta of everything that the updates meanwhile touched, then one of 1 % of the keys.
    await state.snapshot(store, 'between', 'delta');
    const quiet = new QuietDelta(state);
    const delta = await quiet.ofOnePercent(store, keys);
    const restoredAt = performance.now();
    const restored = new HashMapStateBackend(KEY_GROUPS, MAX_PARALLELISM, systemClock);
    await restored.restore([await StateReader.open(store, 'base')]);
    const restoreSeconds = (performance.now() - restoredAt) / 1_000;
    if (restored.size !== keys) throw new Error(`${restored.size} keys were restored of ${keys}`);
    return {
      records: keys,
      seconds,
      cpuSeconds,
      peakRssMb: peakRssMb(),
      details: {
        longestPauseMs: base.longestPauseMs,
        snapshotSeconds: base.seconds,
        snapshotMb: base.written.bytes / 1e6,
        deltaOfOnePercentToBase: delta.bytes / base.written.bytes,
        restoreMbPerSecond: base.written.bytes / 1e6 / restoreSeconds,
      },
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A delta without updates meanwhile. */
class QuietDelta {
  readonly #state: StateUnderTest;

  constructor(state: StateUnderTest) {
    this.#state = state;
  }

  async ofOnePercent(store: SnapshotStore, keys: number): Promise<WrittenState> {
    const { backend } = this.#state;
    const take = async (path: string): Promise<WrittenState> => {
      const run = backend.beginSnapshot(
        (states) => new StateWriter(store.create(path), states, KEY_GROUPS, MAX_PARALLELISM),
        'delta',
      );
      while (!run.step(() => false)) await run.drained();
      return run.finish();
    };
    await take('rest');
    this.#state.touch(Math.floor(keys / 100));
    return take('one-percent');
  }
}

export const state: Bench = {
  name: 'state',
  title: 'keyed state of one slot on the heap: filling it, snapshots under updates, a delta, restoring',
  records: 5_000_000,
  run: measure,
};
