import type { Random } from '../../src/ports/random.ts';
import type { SnapshotStores } from '../../src/ports/snapshot-store.ts';
import { StoreError } from '../../src/storage/errors.ts';

/** Snapshot stores that delete only some of what they are asked to, and say that they failed, as long as `fails` says so. */
export function failingDeletes(stores: SnapshotStores, random: Random, fails: () => boolean): SnapshotStores {
  return {
    open: async (uri, existing) => {
      const store = await stores.open(uri, existing);
      return {
        location: store.location,
        create: (path) => store.create(path),
        read: (path, offset, length) => store.read(path, offset, length),
        size: (path) => store.size(path),
        createExclusive: (path, content) => store.createExclusive(path, content),
        list: (folder) => store.list(folder),
        delete: async (paths) => {
          if (!fails()) return store.delete(paths);
          await store.delete(paths.filter(() => random.next() < 0.5));
          throw new StoreError(`deleting ${paths.length} files`, new Error('access denied'));
        },
      };
    },
  };
}
