import { describe, expect, it } from 'vitest';
import { MemorySnapshotStores } from '../../storage/memory/snapshot-store.ts';
import { MANIFEST_NAME, MANIFEST_VERSION, encodeManifest } from './manifest.ts';
import { openSnapshot } from './open-snapshot.ts';

/** Stores whose folders see the files of the folders below, as directories do. */
class Folders extends MemorySnapshotStores {
  async add(folder: string, job: string, checkpointId: number): Promise<void> {
    const content = encodeManifest({
      version: MANIFEST_VERSION,
      jobId: job,
      jobName: job,
      checkpointId,
      kind: 'checkpoint',
      triggeredAt: 0,
      vertices: [],
    });
    const path = `chk-${checkpointId}/${MANIFEST_NAME}`;
    for (const [uri, at] of [
      [folder, `${job}/${path}`],
      [`${folder}/${job}`, path],
      [`${folder}/${job}/chk-${checkpointId}`, MANIFEST_NAME],
    ] as const)
      await (await this.open(uri)).createExclusive(at, content);
  }
}

describe('openSnapshot', () => {
  it('when the path is the folder of a checkpoint, of a job, or a directory with one job, then the same is opened', async () => {
    let now = 0;
    const stores = new Folders(() => (now += 1));
    await stores.add('/c', 'j1', 9);
    await stores.add('/c', 'j1', 10);
    for (const path of ['/c/j1/chk-10', '/c/j1/chk-10/_metadata', '/c/j1', '/c', '/c/']) {
      const { location, manifest } = await openSnapshot(stores, path);
      expect([path, location, manifest.checkpointId]).toEqual([
        path,
        { uri: '/c/j1', path: 'chk-10/_metadata' },
        10,
      ]);
    }
  });

  it('when a directory holds those of several jobs, then they are named, newest first', async () => {
    let now = 0;
    const stores = new Folders(() => (now += 1));
    for (const [job, id] of [
      ['old', 9],
      ['new', 2],
    ] as const)
      await stores.add('/c', job, id);
    await expect(openSnapshot(stores, '/c')).rejects.toThrow(
      '/c holds checkpoints of 2 jobs: name one of them, newest first: /c/new, /c/old',
    );
  });

  it('when there is nothing, then the missing manifest is named', async () => {
    await expect(openSnapshot(new Folders(), '/c')).rejects.toThrow('the snapshot file _metadata is not in');
  });
});
