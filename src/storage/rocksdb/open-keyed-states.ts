import { RocksDbStateBackend } from '../../state/index.ts';
import type { KeyedStates } from '../../state/index.ts';
import { RocksDbLocalStore } from './local-store.ts';
import type { RocksDbSettings } from './settings.ts';

/**
 * Keyed state of one task in a database of its own, which its operators share: block cache and write buffers are there once.
 * Each operator has a working set.
 *
 * @throws as RocksDbLocalStore.open
 */
export async function openRocksDbStates(settings: RocksDbSettings): Promise<KeyedStates> {
  const store = await RocksDbLocalStore.open(settings);
  const { workingSetBytes } = settings;
  let operators = 0;
  return {
    create: (keyGroups, maxParallelism, clock) => {
      const operator = operators;
      operators += 1;
      return new RocksDbStateBackend({ keyGroups, maxParallelism, clock, store, operator, workingSetBytes });
    },
    close: () => store.close(),
  };
}
