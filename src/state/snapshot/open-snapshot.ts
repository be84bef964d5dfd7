import type { SnapshotStore, SnapshotStores } from '../../ports/snapshot-store.ts';
import { MANIFEST_NAME, readManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';

/** A savepoint or kept checkpoint that people named by its path. */
export interface OpenedSnapshot {
  readonly store: SnapshotStore;
  readonly manifest: Manifest;
  /** The store's place, and the manifest's path in it. */
  readonly location: { readonly uri: string; readonly path: string };
}

/**
 * Opens the folder of a savepoint, or that of a kept checkpoint, whose files are beside it.
 *
 * @throws SnapshotNotFoundError, SnapshotCorruptError, SnapshotVersionError, ConfigurationError for what is no path
 */
export async function openSnapshot(stores: SnapshotStores, path: string): Promise<OpenedSnapshot> {
  const folder = path.replace(/\/+$/, '').replace(/\/_metadata$/, '');
  const own = await stores.open(folder, true);
  const manifest = await readManifest(own, MANIFEST_NAME);
  if (manifest.kind === 'savepoint')
    return { store: own, manifest, location: { uri: folder, path: MANIFEST_NAME } };
  const cut = folder.lastIndexOf('/');
  const uri = folder.slice(0, cut);
  const store = await stores.open(uri, true);
  return { store, manifest, location: { uri, path: `${folder.slice(cut + 1)}/${MANIFEST_NAME}` } };
}
