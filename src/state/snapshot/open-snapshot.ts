import { UserError } from '../../base/errors.ts';
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
 * Opens the folder of a savepoint or kept checkpoint, or the newest checkpoint in the folder of a job's checkpoints, or in a
 * checkpoint directory that holds those of one job.
 *
 * @throws SnapshotNotFoundError, SnapshotCorruptError, SnapshotVersionError, ConfigurationError for what is no path, UserError for
 * a directory with checkpoints of several jobs
 */
export async function openSnapshot(stores: SnapshotStores, path: string): Promise<OpenedSnapshot> {
  const folder = path.replace(/\/+$/, '').replace(/\/_metadata$/, '');
  const own = await stores.open(folder, true);
  if ((await own.size(MANIFEST_NAME)) === undefined) {
    const newest = await newestCheckpoints(own);
    const ofOne = newest.get('');
    if (ofOne !== undefined) return openAt(own, folder, ofOne);
    if (newest.size > 1) throw severalJobs(folder, newest);
    for (const [job, manifestPath] of newest) {
      const uri = `${folder}/${job}`;
      return openAt(await stores.open(uri, true), uri, manifestPath);
    }
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

/**
 * Path of the manifest of the checkpoint with the highest id, by the folder of the job that it is in; '' where that is the store
 * itself. The job with the newest one comes first.
 */
async function newestCheckpoints(store: SnapshotStore): Promise<ReadonlyMap<string, string>> {
  const newest = new Map<string, { readonly id: number; readonly modifiedAt: number }>();
  for (const { path, modifiedAt } of await store.list('')) {
    const [, job = '', id] = /^(?:([^/]+)\/)?chk-(\d+)\/_metadata$/.exec(path) ?? [];
    if (id !== undefined && Number(id) > (newest.get(job)?.id ?? 0))
      newest.set(job, { id: Number(id), modifiedAt });
  }
  const ordered = [...newest].toSorted(([, a], [, b]) => b.modifiedAt - a.modifiedAt);
  return new Map(ordered.map(([job, { id }]) => [job, `chk-${id}/${MANIFEST_NAME}`]));
}

const JOBS_NAMED = 5;

function severalJobs(folder: string, newest: ReadonlyMap<string, string>): UserError {
  const named = [...newest.keys()].slice(0, JOBS_NAMED).map((job) => `${folder}/${job}`);
  const more = newest.size > JOBS_NAMED ? `, and ${newest.size - JOBS_NAMED} more` : '';
  return new UserError(
    `${folder} holds checkpoints of ${newest.size} jobs: name one of them, newest first: ${named.join(', ')}${more}`,
  );
}
