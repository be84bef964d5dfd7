import { keyIdentity } from '../key-encoding.ts';
import type { Key } from '../../functions/basic.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { StateInfo } from '../snapshot/format.ts';
import type { StateReader, StateVisitor } from '../snapshot/state-reader.ts';
import type { KeyRows } from './key-rows.ts';
import type { RegisteredStates } from './registered-states.ts';
import type { HashMapWindowTable } from './window-table.ts';

export interface RestoreTarget {
  readonly table: KeyRows;
  readonly states: RegisteredStates;
  windowTable(name: string): HashMapWindowTable<unknown>;
}

/** Where the values of one state of a file go. */
interface Place {
  drop(window: number): void;
  remove(key: unknown, group: number): void;
  put(key: unknown, group: number, value: unknown): void;
}

/**
 * Applies files to an empty backend, those of one subtask oldest first: of the backend's own key groups only.
 * @param wants which states
 */
export async function restoreHashMap(
  readers: readonly StateReader[],
  target: RestoreTarget,
  wants: (info: StateInfo) => boolean = () => true,
): Promise<void> {
  for (const reader of readers) {
    const places = reader.index.states.map((info) =>
      wants(info) ? placeOf(info, target, reader.index.keyGroups) : undefined,
    );
    const visitor: StateVisitor = {
      drop: (state, window) => places[state]?.drop(window),
      remove: (state, group, key) => places[state]?.remove(key, group),
      put: (state, group, key, value) => places[state]?.put(key, group, value),
    };
    await reader.visit(target.table.keyGroups, visitor, (state) => places[state] !== undefined);
  }
}

/** @param written key groups of the file's subtask: what it dropped, it dropped for these alone */
function placeOf(info: StateInfo, target: RestoreTarget, written: KeyGroupRange): Place {
  if (info.scope === 'window') {
    const table = target.windowTable(info.name);
    return {
      drop: (window) => table.restoreDropped(window, written, target.table.maxParallelism),
      remove: (key) => {
        const [window, of] = key as [number, Key];
        table.restore(window, keyIdentity(of), undefined);
      },
      put: (key, _group, value) => {
        const [window, of] = key as [number, Key];
        table.restore(window, keyIdentity(of), value);
      },
    };
  }
  const slot = target.states.restore(info);
  return {
    drop: () => {},
    remove: (key, group) => target.table.restoreRemoved(keyIdentity(key), group),
    put: (key, group, value) => target.table.restore(keyIdentity(key), group, slot, value),
  };
}
