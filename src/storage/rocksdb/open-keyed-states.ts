import { GROUP_LOAD_BYTES } from '../../base/limits.ts';
import { DisaggregatedStateBackend, RocksDbStateBackend } from '../../state/index.ts';
import type { LocalStore } from '../../ports/local-store.ts';
import type { KeyedStates } from '../../state/index.ts';
import { RocksDbLocalStore } from './local-store.ts';
import type { RocksDbSettings } from './settings.ts';

/** Stands in for what a task has on its machine. */
export interface LocalStateOptions {
  openStore(settings: RocksDbSettings): Promise<LocalStore>;
  /** Of state files, so much of remote key groups is loaded together. */
  readonly loadBytes: number;
}

const ON_DISK: LocalStateOptions = {
  openStore: (settings) => RocksDbLocalStore.open(settings),
  loadBytes: GROUP_LOAD_BYTES,
};

/**
 * Keyed state of one task in a database of its own, which its operators share: block cache and write buffers are there once.
 * Each operator has a working set.
 *
 * @throws as RocksDbLocalStore.open
 */
export async function openRocksDbStates(
  settings: RocksDbSettings,
  local: LocalStateOptions = ON_DISK,
): Promise<KeyedStates> {
  const store = await local.openStore(settings);
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

/**
 * Keyed state of one task whose truth is in the files of checkpoints; a database of its own, shared by its operators, holds what has
 * been loaded of it.
 *
 * @throws as RocksDbLocalStore.open
 */
export async function openDisaggregatedStates(
  settings: RocksDbSettings,
  local: LocalStateOptions = ON_DISK,
): Promise<KeyedStates> {
  const store = await local.openStore(settings);
  const { workingSetBytes, cacheBytes } = settings;
  const backends: DisaggregatedStateBackend[] = [];
  return {
    create: (keyGroups, maxParallelism, clock) => {
      const operator = backends.length;
      const backend = new DisaggregatedStateBackend({
        keyGroups,
        maxParallelism,
        clock,
        store,
        operator,
        workingSetBytes,
        loadBytes: local.loadBytes,
        cacheBytes,
      });
      backends.push(backend);
      return backend;
    },
    close: async () => {
      for (const backend of backends) await backend.close();
      await store.close();
    },
  };
}
