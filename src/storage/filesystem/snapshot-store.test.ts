import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SnapshotNotFoundError } from '../../state/snapshot/errors.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { StoreError } from '../errors.ts';
import { describeSnapshotStoreConformance } from '../snapshot-store.conformance.ts';
import { explained } from './disk-trouble.ts';
import { FilesystemSnapshotStore } from './snapshot-store.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let seed = 0;
const clock = new SimulatedClock({ startAt: Date.now() });
const openIn = (directory: string): Promise<FilesystemSnapshotStore> =>
  FilesystemSnapshotStore.open({ directory, random: new SeededRandom(++seed), clock });

const newDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'millrace-snapshots-'));
const remove = (directory: string): Promise<void> => rm(directory, { recursive: true, force: true });

describeSnapshotStoreConformance('filesystem', async () => {
  const directory = await newDirectory();
  return {
    one: await openIn(directory),
    two: await openIn(directory),
    leftovers: () => readdir(join(directory, '.tmp')),
    dispose: () => remove(directory),
  };
});

describe('filesystem snapshot store', () => {
  let directory: string;
  let store: FilesystemSnapshotStore;
  beforeEach(async () => {
    directory = await newDirectory();
    store = await openIn(join(directory, 'new', 'root'));
  });
  afterEach(() => remove(directory));

  it('when it is opened, its location is a file URI that names the directory', () => {
    expect(store.location).toBe(`file://${directory}/new/root`);
  });

  it('when the last file of a folder is deleted, empty folders go, up to the root', async () => {
    await store.createExclusive('a/b/c/1', bytes('x'));
    await store.createExclusive('a/2', bytes('x'));
    await store.delete(['a/b/c/1']);
    expect(await readdir(join(directory, 'new/root/a'))).toEqual(['2']);
    await store.delete(['a/2']);
    expect(await readdir(join(directory, 'new/root'))).toEqual(['.tmp']);
  });

  it('when folders vanish while others write into them, no write fails', async () => {
    const other = await openIn(join(directory, 'new', 'root'));
    const work = async (name: string, by: FilesystemSnapshotStore): Promise<void> => {
      for (let at = 0; at < 40; at++) {
        const path = `shared/chk/${name}${at}`;
        expect(await by.createExclusive(path, bytes(path))).toBe(true);
        await by.delete([path]);
      }
    };
    await Promise.all([work('a', store), work('b', other), work('c', store), work('d', other)]);
    expect(await store.list('')).toEqual([]);
  });

  it('when a folder or file is a symbolic link, nothing outside the root is read, written, listed or deleted', async () => {
    await mkdir(join(directory, 'outside'));
    await writeFile(join(directory, 'outside/secret'), 'secret');
    await symlink(join(directory, 'outside'), join(directory, 'new/root/folder'));
    await symlink(join(directory, 'outside/secret'), join(directory, 'new/root/file'));
    await expect(store.read('folder/secret')).rejects.toThrow(/symbolic link/);
    await expect(store.read('file')).rejects.toThrow(/symbolic link/);
    await expect(store.createExclusive('folder/new', bytes('x'))).rejects.toThrow(StoreError);
    await expect(store.createExclusive('folder/deeper/new', bytes('x'))).rejects.toThrow(StoreError);
    await expect(store.delete(['folder/secret'])).rejects.toThrow(StoreError);
    await expect(store.list('folder')).rejects.toThrow(StoreError);
    expect(await store.size('file')).toBeUndefined();
    expect(await store.list('')).toEqual([]);
    expect(await readdir(join(directory, 'outside'))).toEqual(['secret']);
    expect(await readdir(join(directory, 'new/root/.tmp'))).toEqual([]);
  });

  it('when the root itself is reached by a symbolic link, it is used', async () => {
    await symlink(join(directory, 'new/root'), join(directory, 'link'));
    const linked = await openIn(join(directory, 'link'));
    await linked.createExclusive('a/1', bytes('x'));
    expect(await store.size('a/1')).toBe(1);
  });

  it('when people put other things into the root, they are not seen', async () => {
    await writeFile(join(directory, 'new/root/.DS_Store'), '');
    await writeFile(join(directory, 'new/root/my notes'), '');
    await mkdir(join(directory, 'new/root/.hidden'));
    expect(await store.list('')).toEqual([]);
  });

  it('when a part of the path is a file, writing says so and leaves nothing', async () => {
    await store.createExclusive('a', bytes('x'));
    const file = await store.create('a/b');
    await expect(file.close()).rejects.toThrow(/a part of the path is a file/);
    expect(await readdir(join(directory, 'new/root/.tmp'))).toEqual([]);
    await expect(store.read('a/b')).rejects.toThrow(SnapshotNotFoundError);
  });

  it('when the directory cannot be made, opening names it', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(openIn(join(directory, 'file', 'root'))).rejects.toThrow(/file:\/\/.*\/file\/root/);
  });

  it('when the disk is full, the error says so, with the file, and may be retried', async () => {
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
    expect((explained(full) as Error).message).toMatch(/the disk is full; free space/);
    const error = new StoreError('writing a/b in file:///x', explained(full));
    expect(error.message).toMatch(/a\/b in file:\/\/\/x failed: the disk is full/);
    expect(error.retryable).toBe(true);
  });

  it('when several processes claim the same slots at once, each slot has one winner', async () => {
    const script = fileURLToPath(new URL('../test-support/claim-slots.child.ts', import.meta.url));
    const root = join(directory, 'shared');
    const children = Array.from({ length: 3 }, () => fork(script, [root, '60']));
    await Promise.all(children.map((child) => once(child, 'message')));
    const reports = children.map((child) => once(child, 'message'));
    for (const child of children) child.send('go');
    const won = (await Promise.all(reports)).map(([slots]) => slots as number[]);
    expect(won.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, at) => at));
    const shared = await openIn(root);
    for (const [at, slots] of won.entries())
      for (const slot of slots)
        expect(new TextDecoder().decode(await shared.read(`decisions/${slot}`))).toBe(
          String(children[at]?.pid),
        );
  });
});
