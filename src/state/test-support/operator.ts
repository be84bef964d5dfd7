import fc from 'fast-check';
import type { Key } from '../../functions/basic.ts';
import {
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../../functions/state.ts';
import type { SnapshotStore } from '../../ports/snapshot-store.ts';
import { keyIdentity } from '../key-encoding.ts';
import { keyGroupRange } from '../key-groups.ts';
import type { KeyedStateBackend, SnapshotMode, SnapshotRun } from '../keyed-state-backend.ts';
import { StateReader } from '../snapshot/state-reader.ts';
import { StateWriter } from '../snapshot/state-writer.ts';
import { InMemoryTimerService } from '../timers/timer-service.ts';
import type { BackendBench } from './backend-bench.ts';

const MAX_PARALLELISM = 16;
/** Far more than a load from memory takes. */
const TURNS_OF_A_LOAD = 10_000;

/** An operator's keyed state: what a test does to it, and what can be seen of it. */
export class Operator {
  readonly backend: KeyedStateBackend;
  readonly timers: InMemoryTimerService;

  private constructor(backend: KeyedStateBackend) {
    this.backend = backend;
    this.timers = new InMemoryTimerService({
      backend,
      currentWatermark: () => 0,
      currentProcessingTime: () => 0,
    });
  }

  static async open(
    bench: BackendBench,
    store: SnapshotStore,
    files: readonly string[] = [],
    index = 0,
    of = 1,
  ): Promise<Operator> {
    const backend = bench.create(keyGroupRange(index, MAX_PARALLELISM, of), MAX_PARALLELISM, {
      now: () => 0,
    });
    if (backend.remote?.bounded === true) backend.remote.start(() => {}).catch(() => {});
    await backend.restore(await Promise.all(files.map((file) => StateReader.open(store, file))));
    return new Operator(backend);
  }

  /** As `apply`, once the key's rows are here. */
  async use(step: Step): Promise<void> {
    const { remote } = this.backend;
    for (let turns = 0; remote?.has(step[1]) === false; turns += 1) {
      if (turns > TURNS_OF_A_LOAD) throw new Error(`the rows of key ${step[1]} do not come`);
      await Promise.resolve();
    }
    this.apply(step);
  }

  /** As `seen`, once all rows are here. */
  async look(): Promise<unknown> {
    await this.backend.remote?.all();
    return this.seen();
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

export const KEYS = ['a', 'b', 'c', 'd', 'e'] as const;
export const step = fc.tuple(
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
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let nextFile = 0;

/** Begins a snapshot into a new file. */
export function begin(
  operator: Operator,
  store: SnapshotStore,
  mode: SnapshotMode,
): { run: SnapshotRun; file: string } {
  const file = `f${(nextFile += 1)}`;
  const run = operator.backend.beginSnapshot(
    (states) => new StateWriter(store.create(file), states, operator.backend.keyGroups, MAX_PARALLELISM),
    mode,
  );
  return { run, file };
}
