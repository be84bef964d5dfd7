import type { RegisteredStates } from '../hashmap/registered-states.ts';
import { keyIdentity } from '../key-encoding.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { StateReader } from '../snapshot/state-reader.ts';
import { RocksDbRow } from './rocksdb-row.ts';

/**
 * Puts the rows of some key groups together on the heap, from files that are applied oldest first. Rows without values are among
 * them: they are gone.
 *
 * @param version of the rows
 * @param pause called now and then, and waited for where it gives a promise
 * @throws as StateReader.visit
 */
export async function readRows(
  readers: readonly StateReader[],
  keyGroups: KeyGroupRange,
  states: RegisteredStates,
  version: number,
  pause?: () => Promise<void> | undefined,
): Promise<ReadonlyMap<KeyIdentity, RocksDbRow>> {
  const found = new Map<KeyIdentity, RocksDbRow>();
  for (const reader of readers) {
    const slots = reader.index.states.map((info) => (info.scope === 'window' ? -1 : states.restore(info)));
    await reader.visit(
      keyGroups,
      {
        drop: () => {},
        remove: (_, _group, key) => found.get(keyIdentity(key))?.clear(),
        put: (state, group, key, value) => {
          const identity = keyIdentity(key);
          let row = found.get(identity);
          if (row === undefined) {
            row = new RocksDbRow(identity, group, version);
            found.set(identity, row);
          }
          put(row, slots[state] as number, value);
        },
      },
      (state) => slots[state] !== -1,
      pause,
    );
  }
  return found;
}

/** An undefined value means that the key has none in this state. */
function put(row: RocksDbRow, slot: number, value: unknown): void {
  const before = row.get(slot) === undefined ? 0 : 1;
  row.set(slot, value);
  row.used += (value === undefined ? 0 : 1) - before;
}
