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
 * Opens the folder of a savepoint or kept checkpoint, or the newest checkpoint in the folder of a job's checkpoints.
 *
 * @throws SnapshotNotFoundError, SnapshotCorruptError, SnapshotVersionError, ConfigurationError for what is no path
 */
export async function openSnapshot(stores: SnapshotStores, path: string): Promise<OpenedSnapshot> {
  const folder = path.replace(/\/+$/, '').replace(/\/_metadata$/, '');
  const own = await stores.open(folder, true);
  if ((await own.size(MANIFEST_NAME)) === undefined) {
    const newest = await newestCheckpoint(own);
    if (newest !== undefined) return openAt(own, folder, newest);
  }
  const opened = await openAt(own, folder, MANIFEST_NAME);
  if (opened.manifest.kind === 'savepoint') return opened;
  // The files of a checkpoint are beside its folder.
  const cut = folder.lastIndexOf('/');
  const uri = folder.slice(0, cut);
  return openAt(await stores.open(uri, true), uri, `${folder.slice(cut + 1)}/${MANIFEST_NAME}`);
}

async function openAt(store: SnapshotStore, uri: string, path: string): Promise<OpenedSnapshot> {
  return { store, manifest: await readManifest(store, path), location: { uri, path } };
}

/** Path of the manifest of the checkpoint with the highest id. */
async function newestCheckpoint(store: SnapshotStore): Promise<string | undefined> {
  let newest = 0;
  for (const { path } of await store.list('')) {
    const id = Number(/^chk-(\d+)\/_metadata$/.exec(path)?.[1] ?? 0);
    if (id > newest) newest = id;
  }
  return newest === 0 ? undefined : `chk-${newest}/${MANIFEST_NAME}`;
}
