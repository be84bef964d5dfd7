import { describe, expect, it } from 'vitest';
import { GROUP_LOADS_MAX, GROUP_LOADS_UNASKED } from '../../base/limits.ts';
import { Migrations } from '../../functions/state-migration.ts';
import { ValueStateDescriptor } from '../../functions/state.ts';
import { MemoryLocalStore } from '../../storage/memory/local-store.ts';
import { keyGroupFor } from '../key-groups.ts';
import type { SnapshotMode } from '../keyed-state-backend.ts';
import { StateReader } from '../snapshot/state-reader.ts';
import { StateWriter } from '../snapshot/state-writer.ts';
import { HeldStore, turns } from '../snapshot/test-support/held-store.ts';
import { DisaggregatedStateBackend } from './disaggregated-backend.ts';
import { KeyGroupLoadError } from './errors.ts';

const GROUPS = 16;
const RANGE = { start: 0, end: GROUPS - 1 };
const KEYS = Array.from({ length: 200 }, (_, index) => index);
const COUNT = new ValueStateDescriptor<number>('count');

function newBackend(local = new MemoryLocalStore(), cacheBytes?: number): DisaggregatedStateBackend {
  return new DisaggregatedStateBackend({
    keyGroups: RANGE,
    maxParallelism: GROUPS,
    clock: { now: () => 0, monotonic: () => 0, setTimeout: () => ({ timer: undefined }) },
    store: local,
    operator: 0,
    workingSetBytes: 1,
    loadBytes: 1,
    cacheBytes,
  });
}

async function save(
  backend: DisaggregatedStateBackend,
  held: HeldStore,
  file: string,
  mode: SnapshotMode = 'base',
): Promise<number> {
  const run = backend.beginSnapshot(
    (states) => new StateWriter(held.files.create(file), states, RANGE, GROUPS),
    mode,
  );
  while (!run.step(() => false)) await run.drained();
  const { pairs } = await run.finish();
  await run.moveRemote?.(await StateReader.open(held.files, file));
  return pairs;
}

/** A file `base` with a count of 1 for each key. */
async function saved(): Promise<HeldStore> {
  const held = new HeldStore();
  const backend = newBackend();
  for (const key of KEYS) add(backend, key);
  await save(backend, held, 'base');
  return held;
}

function add(backend: DisaggregatedStateBackend, key: number): number {
  backend.setCurrentKey(key);
  const state = backend.getState(COUNT);
  const count = (state.value() ?? 0) + 1;
  state.update(count);
  return count;
}

async function restored(
  held: HeldStore,
  local?: MemoryLocalStore,
  ...files: string[]
): Promise<DisaggregatedStateBackend> {
  const backend = newBackend(local);
  const readers: StateReader[] = [];
  for (const file of ['base', ...files]) readers.push(await StateReader.open(held.store, file));
  await backend.restore(readers);
  return backend;
}

describe('state that is left in its files at a restore', () => {
  it('when it is restored, then only indexes are read, and of a key that is used only its group', async () => {
    const held = await saved();
    const local = new MemoryLocalStore();
    const backend = await restored(held, local);
    expect([held.reads, local.size, backend.remote.any]).toEqual([2, 0, true]);
    expect(backend.remote.has(7)).toBe(false);
    await turns();
    expect(backend.remote.has(7)).toBe(true);
    const group = keyGroupFor(7, GROUPS);
    const together = KEYS.filter((key) => keyGroupFor(key, GROUPS) === group);
    expect([held.reads, local.size]).toEqual([3, together.length]);
    expect(add(backend, 7)).toBe(2);
  });

  it('when groups are asked for, then they come first, never more than so many at a time, and at last all', async () => {
    const held = await saved();
    const backend = await restored(held);
    held.holds = true;
    void backend.remote.start(() => {});
    await turns();
    expect(held.waiting.length).toBe(GROUP_LOADS_UNASKED);
    const last = KEYS.find((key) => keyGroupFor(key, GROUPS) === GROUPS - 1) as number;
    expect(backend.remote.has(last)).toBe(false);
    await turns();
    expect(held.waiting.length).toBe(GROUP_LOADS_UNASKED + 1);
    await held.letThrough();
    expect([backend.remote.has(last), backend.remote.any]).toEqual([true, true]);
    for (const key of KEYS) backend.remote.announce(key);
    await turns();
    expect(held.waiting.length).toBe(GROUP_LOADS_MAX);
    while (held.waiting.length > 0) {
      expect(held.waiting.length).toBeLessThanOrEqual(GROUP_LOADS_MAX);
      await held.letThrough();
    }
    expect([backend.remote.any, backend.size]).toEqual([false, KEYS.length]);
  });

  it('when a file is gone or damaged, then who waits is told the key groups and the file', async () => {
    const held = await saved();
    const gone = await restored(held);
    const waits: Promise<void>[] = [];
    const lost = gone.remote.start((promise) => waits.push(promise));
    gone.remote.has(1);
    await held.files.delete(['base']);
    await expect(gone.remote.all()).rejects.toThrow(KeyGroupLoadError);
    await expect(lost).rejects.toThrow(KeyGroupLoadError);
    await expect(waits[0]).rejects.toThrow(/state of the key groups \d+ to \d+ cannot be loaded: .*base/);

    const whole = await saved();
    const bytes = (await whole.files.read('base')).slice();
    bytes[3] = (bytes[3] as number) ^ 1;
    await whole.files.delete(['base']);
    await whole.files.createExclusive('base', bytes);
    const damaged = await restored(whole);
    await expect(damaged.remote.all()).rejects.toThrow(/base cannot be used: the checksum of key group/);
  });

  it('when it is closed while groups are loading, then it waits for them, writes nothing more, and who waits is refused', async () => {
    const held = await saved();
    const local = new MemoryLocalStore();
    const backend = await restored(held, local);
    held.holds = true;
    const all = backend.remote.all();
    await turns();
    const closing = backend.close();
    await expect(all).rejects.toThrow('closed while key groups were loaded');
    let closed = false;
    void closing.then(() => (closed = true));
    await turns();
    expect(closed).toBe(false);
    const before = held.reads;
    await held.letThrough();
    await closing;
    expect([held.reads, local.size]).toEqual([before, 0]);
  });

  it('when a state is opened in a later schema before its rows come, then they come in that schema, and a new base is due', async () => {
    const held = new HeldStore();
    const before = newBackend();
    before.setCurrentKey(7);
    before.getState(new ValueStateDescriptor<object>('payment')).update({ cents: 5 });
    await save(before, held, 'base');
    const backend = await restored(held);
    backend.goOnFromRestored();
    expect(backend.needsBase).toBe(false);
    const descriptor = new ValueStateDescriptor<object>('payment');
    descriptor.enableMigration(Migrations.of(Migrations.rename('cents', 'amount')));
    const state = backend.getState(descriptor);
    expect(backend.needsBase).toBe(true);
    // The base copies what is still in the old schema.
    await save(backend, held, 'later');
    await held.files.delete(['base']);
    expect([backend.needsBase, backend.remote.any]).toEqual([false, true]);
    await backend.remote.all();
    backend.setCurrentKey(7);
    expect(state.value()).toEqual({ amount: 5 });
  });

  it('when a checkpoint builds on the restored files, then it holds what changed, and nothing is loaded for it', async () => {
    const held = await saved();
    const backend = await restored(held);
    backend.goOnFromRestored();
    backend.remote.announce(7);
    await turns();
    add(backend, 7);
    const reads = held.reads;
    expect([await save(backend, held, 'delta', 'delta'), held.reads]).toEqual([1, reads]);
    const again = await restored(held, undefined, 'delta');
    await again.remote.all();
    expect([add(again, 7), add(again, 8), again.size]).toEqual([3, 2, KEYS.length]);
  });

  it('when a whole snapshot is taken, then what is remote is copied, read from there afterwards, and stays remote', async () => {
    const held = await saved();
    const local = new MemoryLocalStore();
    const backend = await restored(held, local);
    backend.remote.announce(7);
    await turns();
    add(backend, 7);
    const rows = local.size;
    expect(await save(backend, held, 'next', 'base')).toBe(KEYS.length);
    await held.files.delete(['base']);
    expect([backend.remote.any, local.size - rows]).toEqual([true, 0]);
    await backend.remote.all();
    expect([add(backend, 7), add(backend, 8), backend.size]).toEqual([3, 2, KEYS.length]);
  });

  it('when a load still reads an old file as a new base is complete, then the base waits for it', async () => {
    const held = await saved();
    const backend = await restored(held);
    held.holds = true;
    backend.remote.announce(7);
    await turns();
    const saving = save(backend, held, 'next', 'base');
    let done = false;
    void saving.then(() => (done = true));
    // The load's own read is the first.
    const [load, ...others] = held.waiting.splice(0);
    for (const go of others) go();
    await turns();
    while (held.waiting.length > 0) await held.letThrough();
    expect(done).toBe(false);
    load?.();
    await saving;
    expect(backend.remote.has(7)).toBe(true);
  });
});

describe('state of which a part is kept beside its files', () => {
  const small = async (held: HeldStore, local: MemoryLocalStore): Promise<DisaggregatedStateBackend> => {
    const backend = newBackend(local, 100);
    await backend.restore([await StateReader.open(held.store, 'base')]);
    void backend.remote.start(() => {});
    return backend;
  };
  const use = async (backend: DisaggregatedStateBackend, key: number): Promise<void> => {
    backend.remote.has(key);
    await turns();
    expect(backend.remote.has(key)).toBe(true);
  };
  const groups = new Map(KEYS.map((key) => [keyGroupFor(key, GROUPS), key]));

  it('when there is no more room, then groups that were not used for longest go, and come back as they were', async () => {
    const local = new MemoryLocalStore();
    const backend = await small(await saved(), local);
    for (const key of groups.values()) {
      await use(backend, key);
      expect(local.size).toBeLessThan(KEYS.length / 2);
    }
    for (const key of groups.values()) {
      await use(backend, key);
      backend.setCurrentKey(key);
      expect(backend.getState(COUNT).value()).toBe(1);
    }
  });

  it('when rows have changed since the last whole snapshot, then they stay until the next one', async () => {
    const [held, local] = [await saved(), new MemoryLocalStore()];
    const backend = await small(held, local);
    for (const key of groups.values()) {
      await use(backend, key);
      add(backend, key);
    }
    expect(backend.remote.any).toBe(false);
    expect(await save(backend, held, 'delta', 'delta')).toBe(KEYS.length);
    await held.files.delete(['base']);
    expect(local.size).toBeLessThan(KEYS.length);
    for (const key of groups.values()) {
      await use(backend, key);
      expect(add(backend, key)).toBe(3);
    }
  });

  it('when somebody needs all groups, then all come whatever room there is', async () => {
    const backend = await small(await saved(), new MemoryLocalStore());
    expect(backend.remote.hasAll()).toBe(false);
    await turns();
    expect([backend.remote.hasAll(), backend.size]).toEqual([true, KEYS.length]);
  });
});
