import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Key } from '../../functions/basic.ts';
import {
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../../functions/state.ts';
import { StateTtlConfig } from '../../functions/state-ttl.ts';
import { MemorySnapshotStore } from '../../storage/memory/snapshot-store.ts';
import { HashMapStateBackend } from '../hashmap/hashmap-backend.ts';
import { keyIdentity } from '../key-encoding.ts';
import { keyGroupRange } from '../key-groups.ts';
import type { SnapshotMode, SnapshotRun } from '../keyed-state-backend.ts';
import { InMemoryTimerService } from '../timers/timer-service.ts';
import {
  SnapshotCorruptError,
  SnapshotNotFoundError,
  SnapshotVersionError,
  StateIncompatibleError,
} from './errors.ts';
import { StateReader } from './state-reader.ts';
import { StateWriter } from './state-writer.ts';

const MAX_PARALLELISM = 16;

/** An operator's keyed state: what a test does to it, and what can be seen of it. */
class Operator {
  readonly backend: HashMapStateBackend;
  readonly timers: InMemoryTimerService;

  private constructor(backend: HashMapStateBackend) {
    this.backend = backend;
    this.timers = new InMemoryTimerService({
      backend,
      currentWatermark: () => 0,
      currentProcessingTime: () => 0,
    });
  }

  static async open(
    store: MemorySnapshotStore,
    files: readonly string[] = [],
    index = 0,
    of = 1,
  ): Promise<Operator> {
    const backend = new HashMapStateBackend(keyGroupRange(index, MAX_PARALLELISM, of), MAX_PARALLELISM, {
      now: () => 0,
    });
    await backend.restore(await Promise.all(files.map((file) => StateReader.open(store, file))));
    return new Operator(backend);
  }

  apply([what, key, n]: Step): void {
    const { backend, timers } = this;
    backend.setCurrentKey(key);
    const value = backend.getState(new ValueStateDescriptor<{ n: number }>('value'));
    const list = backend.getListState(new ListStateDescriptor<number>('list'));
    const map = backend.getMapState(new MapStateDescriptor<Key, number>('map'));
    const sum = backend.getReducingState(new ReducingStateDescriptor<number>('sum', (a, b) => a + b));
    const panes = backend.windowTable<{ n: number }>('panes');
    backend.setCurrentNamespace(n);
    const perWindow = backend.namespaced.getState(new ValueStateDescriptor<number>('per window'));
    switch (what) {
      case 'value': {
        // Changed in place, as user code does.
        const held = value.value() ?? { n: 0 };
        held.n += n;
        return value.update(held);
      }
      case 'list':
        return list.add(n);
      case 'map':
        return map.put([key as string, n], n);
      case 'sum':
        return sum.add(n);
      case 'namespace':
        return perWindow.update(n);
      case 'clear':
        value.clear();
        list.clear();
        sum.clear();
        map.remove([key as string, n]);
        return backend.clearNamespace();
      case 'pane': {
        const pane = panes.pane(n);
        const cell = pane.get(keyIdentity(key));
        if (cell === undefined) panes.insert(pane, n, keyIdentity(key), { n: 1 });
        else {
          panes.touch(cell);
          cell.value.n += 1;
        }
        return;
      }
      case 'remove': {
        const cell = panes.find(n)?.get(keyIdentity(key));
        if (cell !== undefined) panes.remove(cell);
        return;
      }
      case 'drop':
        return panes.drop(n);
      case 'timer':
        return timers.registerEventTimeTimer(n);
      case 'no timer':
        return timers.deleteEventTimeTimer(n);
    }
  }

  /** Everything, in an order of its own. */
  seen(): unknown {
    const { backend } = this;
    const rows: string[] = [];
    const value = backend.getState(new ValueStateDescriptor<{ n: number }>('value'));
    const list = backend.getListState(new ListStateDescriptor<number>('list'));
    const map = backend.getMapState(new MapStateDescriptor<Key, number>('map'));
    const sum = backend.getReducingState(new ReducingStateDescriptor<number>('sum', (a, b) => a + b));
    const perWindow = backend.namespaced.getState(new ValueStateDescriptor<number>('per window'));
    for (const key of [...backend.keys()]) {
      backend.setCurrentKey(key);
      const windows = [0, 1, 2, 3].map((n) => {
        backend.setCurrentNamespace(n);
        return perWindow.value();
      });
      rows.push(JSON.stringify([key, value.value(), list.get(), [...map.entries()], sum.get(), windows]));
    }
    const panes = backend.windowTable<{ n: number }>('panes');
    for (const window of panes.windows())
      for (const [key, cell] of panes.find(window) ?? [])
        rows.push(JSON.stringify(['pane', window, key, cell.value]));
    const fired: string[] = [];
    const copy = new InMemoryTimerService({
      backend,
      currentWatermark: () => 0,
      currentProcessingTime: () => 0,
    });
    const timerCount = copy.size;
    for (const [key, times] of backend.valuesOf(
      new ValueStateDescriptor<number | Set<number>>('timers of event-time'),
    ))
      fired.push(
        JSON.stringify([key, typeof times === 'number' ? [times] : [...times].toSorted((a, b) => a - b)]),
      );
    return { rows: rows.toSorted(), timers: fired.toSorted(), timerCount };
  }
}

const KEYS = ['a', 'b', 'c', 'd', 'e'] as const;
const step = fc.tuple(
  fc.constantFrom(
    'value',
    'list',
    'map',
    'sum',
    'namespace',
    'clear',
    'pane',
    'remove',
    'drop',
    'timer',
    'no timer',
  ),
  fc.constantFrom(...KEYS),
  fc.integer({ min: 0, max: 3 }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let nextFile = 0;

function begin(
  operator: Operator,
  store: MemorySnapshotStore,
  mode: SnapshotMode,
): { run: SnapshotRun; file: string } {
  const file = `f${(nextFile += 1)}`;
  const run = operator.backend.beginSnapshot(
    (states) => new StateWriter(store.create(file), states, operator.backend.keyGroups, MAX_PARALLELISM),
    mode,
  );
  return { run, file };
}

describe('snapshots of keyed state', () => {
  it('when state changes while snapshots are written, then base and deltas restore it as it was at each begin', async () => {
    const round = fc.record({
      before: fc.array(step, { maxLength: 25 }),
      during: fc.array(step, { maxLength: 15 }),
      stepsFirst: fc.nat(2),
      mode: fc.constantFrom('full' as const, 'base' as const, 'delta' as const, 'delta' as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 5 }), async (rounds) => {
        const store = new MemorySnapshotStore();
        const operator = await Operator.open(store);
        let chain: string[] = [];
        let tracked = false;
        for (const { before, during, stepsFirst, mode } of rounds) {
          for (const one of before) operator.apply(one);
          const expected = operator.seen();
          const { run, file } = begin(operator, store, mode);
          let left = stepsFirst;
          // One look's worth of rows, then changes, then the rest.
          const done = left > 0 && run.step(() => (left -= 1) <= 0);
          for (const one of during) operator.apply(one);
          if (!done) expect(run.step(() => false)).toBe(true);
          await run.finish();
          chain = mode === 'delta' && tracked ? [...chain, file] : [file];
          tracked = mode !== 'full';
          const restored = await Operator.open(store, chain);
          expect(restored.seen()).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('when a snapshot is restored at another parallelism, then each subtask gets its own key groups, all together everything', async () => {
    const store = new MemorySnapshotStore();
    const operator = await Operator.open(store);
    for (let key = 0; key < 200; key += 1) {
      operator.apply(['value', `k${key}` as 'a', 2]);
      operator.apply(['pane', `k${key}` as 'a', 1]);
      operator.apply(['timer', `k${key}` as 'a', key % 4]);
    }
    const whole = operator.seen() as { rows: string[]; timers: string[] };
    const { run, file } = begin(operator, store, 'full');
    run.step(() => false);
    await run.finish();
    for (const parallelism of [1, 2, 3, 5, 16]) {
      const parts = await Promise.all(
        Array.from({ length: parallelism }, (_, index) => Operator.open(store, [file], index, parallelism)),
      );
      const seen = parts.map((part) => part.seen() as { rows: string[]; timers: string[] });
      expect(seen.flatMap(({ rows }) => rows).toSorted()).toEqual(whole.rows);
      expect(seen.flatMap(({ timers }) => timers).toSorted()).toEqual(whole.timers);
    }
  });

  it('when few keys changed, then a delta is a small part of the base', async () => {
    const store = new MemorySnapshotStore();
    const operator = await Operator.open(store);
    for (let key = 0; key < 10_000; key += 1) operator.apply(['value', `k${key}` as 'a', 2]);
    const base = begin(operator, store, 'base');
    base.run.step(() => false);
    const written = await base.run.finish();
    for (let key = 0; key < 100; key += 1) operator.apply(['value', `k${key}` as 'a', 2]);
    const delta = begin(operator, store, 'delta');
    delta.run.step(() => false);
    const changed = await delta.run.finish();
    expect(changed.pairs).toBe(100);
    expect(changed.bytes).toBeLessThan(written.bytes * 0.03);
  });

  it('when keys come and go between snapshots, then what is noted of them stays small', async () => {
    const store = new MemorySnapshotStore();
    const operator = await Operator.open(store);
    const { run } = begin(operator, store, 'base');
    run.step(() => false);
    await run.finish();
    for (let key = 0; key < 50_000; key += 1) {
      operator.apply(['sum', `k${key}` as 'a', 1]);
      operator.apply(['clear', `k${key}` as 'a', 1]);
    }
    const delta = begin(operator, store, 'delta');
    delta.run.step(() => false);
    expect((await delta.run.finish()).pairs).toBe(0);
  });

  it('when a byte of the file is changed, then restoring it names the file and what is wrong', async () => {
    const store = new MemorySnapshotStore();
    const operator = await Operator.open(store);
    for (const key of KEYS) operator.apply(['value', key, 1]);
    const { run, file } = begin(operator, store, 'full');
    run.step(() => false);
    await run.finish();
    const good = await store.read(file);
    for (let at = 0; at < good.byteLength; at += 7) {
      const bad = new Uint8Array(good);
      bad[at] = (bad[at] as number) ^ 0x10;
      await store.delete(['bad']);
      const other = await store.create('bad');
      await other.write(bad);
      await other.close();
      await expect(Operator.open(store, ['bad'])).rejects.toSatisfy(
        (error: unknown) =>
          (error instanceof SnapshotCorruptError || error instanceof SnapshotVersionError) &&
          error.message.includes('bad'),
      );
    }
    await expect(Operator.open(store, ['missing'])).rejects.toThrow(SnapshotNotFoundError);
  });

  it('when a state is opened as another kind than the snapshot holds, then it is refused', async () => {
    const store = new MemorySnapshotStore();
    const operator = await Operator.open(store);
    operator.apply(['value', 'a', 1]);
    const { run, file } = begin(operator, store, 'full');
    run.step(() => false);
    await run.finish();
    const restored = await Operator.open(store, [file]);
    expect(() => restored.backend.getListState(new ListStateDescriptor('value'))).toThrow(
      StateIncompatibleError,
    );
  });

  it('when a state gets a time to live after it was saved without, then its values count as written at the restore', async () => {
    const store = new MemorySnapshotStore();
    const operator = await Operator.open(store);
    operator.apply(['value', 'a', 3]);
    operator.apply(['list', 'a', 3]);
    const { run, file } = begin(operator, store, 'full');
    run.step(() => false);
    await run.finish();
    const { backend } = await Operator.open(store, [file]);
    const value = new ValueStateDescriptor<{ n: number }>('value');
    const list = new ListStateDescriptor<number>('list');
    for (const descriptor of [value, list])
      descriptor.enableTimeToLive(StateTtlConfig.newBuilder(10).build());
    backend.setCurrentKey('a');
    expect([backend.getState(value).value(), backend.getListState(list).get()]).toEqual([{ n: 3 }, [3]]);
  });
});
