import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExternalError } from '../../base/errors.ts';
import { LocalSpillFile, LocalSpillFiles } from './spill-files.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-spill-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('LocalSpillFiles', () => {
  it('when bytes are appended then they can be read from anywhere, up to the end', async () => {
    const file = await new LocalSpillFiles([join(folder, 'a', 'b')]).create();
    await file.append(Uint8Array.of(1, 2, 3));
    await file.append(Uint8Array.of(4, 5));
    expect([...(await file.read(0, 5))]).toEqual([1, 2, 3, 4, 5]);
    expect([...(await file.read(3, 100))]).toEqual([4, 5]);
    expect(await file.read(5, 1)).toHaveLength(0);
    await file.append(Uint8Array.of(6));
    expect([...(await file.read(4, 9))]).toEqual([5, 6]);
    await file.remove();
    await file.remove();
  });

  it.skipIf(process.platform === 'win32')(
    'when a file is open then it has no name that a killed process could leave behind',
    async () => {
      const files = new LocalSpillFiles([folder]);
      const opened = [await files.create(), await files.create()];
      await opened[0]?.append(Uint8Array.of(1));
      expect(await readdir(folder)).toEqual([]);
      expect([...((await opened[0]?.read(0, 1)) ?? [])]).toEqual([1]);
      await Promise.all(opened.map((file) => file.remove()));
    },
  );

  it('when the folder cannot be used then the error names it, the cause and the options', async () => {
    const inTheWay = join(folder, 'file');
    await writeFile(inTheWay, '');
    const failure = new LocalSpillFiles([join(inTheWay, 'below')]).create();
    await expect(failure).rejects.toThrow(ExternalError);
    await expect(failure).rejects.toThrow(
      /cannot create a temporary file in .*below.*is a file.*io\.tmp\.dirs/s,
    );
  });

  it.skipIf(process.platform !== 'linux')('when the disk is full then the error says so', async () => {
    // Every write to this device fails as on a full disk.
    const file = new LocalSpillFile(await open('/dev/full', 'r+'), folder, undefined);
    await expect(file.append(new Uint8Array(10))).rejects.toThrow(/the disk is full; free space/);
    await file.remove();
  });
});
