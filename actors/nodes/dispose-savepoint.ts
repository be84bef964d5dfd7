import { UserError } from '../../src/base/errors.ts';
import type { SnapshotStores } from '../../src/ports/snapshot-store.ts';
import { filesOf } from '../../src/state/snapshot/manifest.ts';
import { openSnapshot } from '../../src/state/snapshot/open-snapshot.ts';
import type { OpenedSnapshot } from '../../src/state/snapshot/open-snapshot.ts';

/** Removes the files of a savepoint, its manifest last. @returns how many @throws UserError for a checkpoint */
export async function disposeSavepoint(stores: SnapshotStores, path: string): Promise<number> {
  return disposeOpened(await openSnapshot(stores, path), path);
}

export async function disposeOpened(
  { store, manifest, location }: OpenedSnapshot,
  path: string,
): Promise<number> {
  if (manifest.kind !== 'savepoint')
    throw new UserError(
      `${path} is a checkpoint: its files may be part of later ones, and its job removes them; only savepoints are disposed of`,
    );
  const files = filesOf(manifest);
  await store.delete(files);
  await store.delete([location.path]);
  return files.length + 1;
}
