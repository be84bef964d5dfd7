import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InternalError } from '../base/errors.ts';
import type { SnapshotStore } from '../ports/snapshot-store.ts';
import { SnapshotExistsError, SnapshotNotFoundError } from '../state/snapshot/errors.ts';

export interface SnapshotBench {
  /** Two handles on one empty store, as two processes have them; the same one where a store cannot be shared. */
  readonly one: SnapshotStore;
  readonly two: SnapshotStore;
  /** What lies in the store's place beside its files: temporary files, uploads under way. */
  readonly leftovers: () => Promise<readonly string[]>;
  dispose(): Promise<void>;
}

type BenchOf = () => SnapshotBench;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array): string => new TextDecoder().decode(content);
const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

async function put(store: SnapshotStore, path: string, content = path): Promise<void> {
  const file = await store.create(path);
  await file.write(bytes(content));
  await file.close();
}

async function pathsOf(store: SnapshotStore, folder: string): Promise<string[]> {
  return (await store.list(folder)).map(({ path }) => path).toSorted();
}

/** What every caller may rely on, for the adapter that `start` makes. */
export function describeSnapshotStoreConformance(name: string, start: () => Promise<SnapshotBench>): void {
  describe(`snapshot store conformance: ${name}`, () => {
    let bench: SnapshotBench | undefined;
    beforeEach(async () => {
      bench = await start();
    });
    afterEach(() => bench?.dispose());
    const current: BenchOf = () => bench as SnapshotBench;
    describeWriting(current);
    describeRefusals(current);
    describeReading(current);
    describeExclusive(current);
    describeListAndDelete(current);
    describePaths(current);
  });
}

function describeWriting(bench: BenchOf): void {
  it('when a file of many parts is written, the other handle reads the same bytes', async () => {
    const { one, two } = bench();
    const whole = new Uint8Array(40_000_000).map((_, at) => (at * 31 + (at >> 11)) & 255);
    const file = await one.create('job/chk-1/big');
    for (let at = 0, size = 1; at < whole.byteLength; at += size, size = Math.min(1_000_003, size * 3))
      await file.write(whole.subarray(at, at + size));
    await file.close();
    expect(await two.size('job/chk-1/big')).toBe(whole.byteLength);
    expect(sha256(await two.read('job/chk-1/big'))).toBe(sha256(whole));
    expect(await two.read('job/chk-1/big', 39_999_990, 10)).toEqual(whole.subarray(39_999_990));
    expect(await bench().leftovers()).toEqual([]);
  });

  it('when a file is written, nobody sees it before close', async () => {
    const { one, two } = bench();
    const file = await one.create('a/b');
    await file.write(new Uint8Array(12_000_000).fill(1));
    expect(await two.size('a/b')).toBeUndefined();
    expect(await two.list('')).toEqual([]);
    await expect(two.read('a/b')).rejects.toThrow(SnapshotNotFoundError);
    await file.close();
    expect(await two.size('a/b')).toBe(12_000_000);
  });

  it('when nothing is written before close, the file is empty', async () => {
    const { one, two } = bench();
    await (await one.create('empty')).close();
    await (await one.create('empty-part').then(async (file) => (await file.write(bytes('')), file))).close();
    expect(await two.size('empty')).toBe(0);
    expect(await two.read('empty')).toEqual(new Uint8Array());
    expect(await two.read('empty-part')).toEqual(new Uint8Array());
  });

  it.each([0, 100, 12_000_000])('when a file is given up after %s bytes, nothing stays', async (size) => {
    const { one, two, leftovers } = bench();
    const file = await one.create('a/b');
    if (size > 0) await file.write(new Uint8Array(size));
    await file.abort();
    await file.abort();
    expect(await two.size('a/b')).toBeUndefined();
    expect(await two.list('')).toEqual([]);
    expect(await leftovers()).toEqual([]);
    await put(two, 'a/b', 'now');
    expect(text(await one.read('a/b'))).toBe('now');
  });
}

function describeRefusals(bench: BenchOf): void {
  it.each([10, 12_000_000])(
    'when a path is taken, a file of %s bytes is refused and the first one stays',
    async (size) => {
      const { one, two, leftovers } = bench();
      await put(one, 'a', 'first');
      const second = await two
        .create('a')
        .then(async (file) => (await file.write(new Uint8Array(size)), file));
      await expect(second.close()).rejects.toThrow(SnapshotExistsError);
      await second.abort();
      expect(text(await one.read('a'))).toBe('first');
      expect(await leftovers()).toEqual([]);
    },
  );

  it('when two write the same path at once, one of them is refused', async () => {
    const { one, two } = bench();
    const files = await Promise.all([one.create('a'), two.create('a')]);
    await Promise.all(files.map((file, at) => file.write(bytes(`by ${at}`))));
    const ends = await Promise.allSettled(files.map((file) => file.close()));
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(text(await one.read('a'))).toBe(`by ${ends.findIndex(({ status }) => status === 'fulfilled')}`);
  });

  it('when a file is used after its end, that is an InternalError', async () => {
    const { one } = bench();
    const file = await one.create('a');
    await file.close();
    await expect(file.write(bytes('x'))).rejects.toThrow(InternalError);
    await expect(file.close()).rejects.toThrow(InternalError);
    await file.abort();
    expect(await one.size('a')).toBe(0);
    const given = await one.create('b');
    await given.abort();
    await expect(given.close()).rejects.toThrow(InternalError);
  });
}

function describeReading(bench: BenchOf): void {
  it('when a range is read, it gives those bytes, and fewer past the end', async () => {
    const { one, two } = bench();
    await put(one, 'digits', '0123456789');
    for (const [offset, length, wanted] of [
      [0, undefined, '0123456789'],
      [3, undefined, '3456789'],
      [3, 4, '3456'],
      [9, 1, '9'],
      [8, 10, '89'],
      [0, 0, ''],
      [10, 5, ''],
      [10, undefined, ''],
      [99, 1, ''],
    ] as const) {
      expect(text(await two.read('digits', offset, length)), `${offset} ${length}`).toBe(wanted);
    }
    await expect(two.read('digits', -1, 1)).rejects.toThrow(InternalError);
    await expect(two.read('digits', 0, 0.5)).rejects.toThrow(InternalError);
  });

  it('when a file is not there, reading names it and the store, and its size is undefined', async () => {
    const { one } = bench();
    await put(one, 'there/file');
    for (const path of ['absent', 'there/absent', 'there/file/below']) {
      await expect(one.read(path)).rejects.toThrow(SnapshotNotFoundError);
      await expect(one.read(path, 5, 5)).rejects.toThrow(path);
      await expect(one.read(path, 0, 0)).rejects.toThrow(one.location);
      expect(await one.size(path)).toBeUndefined();
    }
    expect(await one.size('there')).toBeUndefined();
  });
}

function describeExclusive(bench: BenchOf): void {
  it('when a path is free, createExclusive makes the file; when it is taken, it changes nothing', async () => {
    const { one, two } = bench();
    expect(await one.createExclusive('d/1', bytes('one'))).toBe(true);
    expect(await two.createExclusive('d/1', bytes('two'))).toBe(false);
    expect(await one.createExclusive('d/1', bytes('one'))).toBe(false);
    expect(text(await two.read('d/1'))).toBe('one');
    await put(one, 'd/2', 'a file');
    expect(await two.createExclusive('d/2', bytes('x'))).toBe(false);
    expect(text(await two.read('d/2'))).toBe('a file');
  });

  it('when many create the same path at once, one wins', async () => {
    const { one, two, leftovers } = bench();
    for (let round = 0; round < 8; round++) {
      const won = await Promise.all(
        Array.from({ length: 8 }, (_, at) =>
          (at % 2 === 0 ? one : two).createExclusive(`d/${round}`, bytes(String(at))),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(text(await two.read(`d/${round}`))).toBe(String(won.indexOf(true)));
    }
    expect(await leftovers()).toEqual([]);
  });

  it('when a file was deleted, its path is free again', async () => {
    const { one, two } = bench();
    expect(await one.createExclusive('d/1', bytes('one'))).toBe(true);
    await one.delete(['d/1']);
    expect(await two.createExclusive('d/1', bytes('two'))).toBe(true);
    await two.delete(['d/1']);
    await put(one, 'd/1', 'three');
    expect(text(await two.read('d/1'))).toBe('three');
  });
}

function describeListAndDelete(bench: BenchOf): void {
  it('when files are listed, those below the folder come with size and time, at any depth', async () => {
    const { one, two } = bench();
    for (const path of ['a/1', 'a/b/2', 'a/b/c/3', 'ab/4', 'z']) await put(one, path);
    expect(await pathsOf(two, 'a')).toEqual(['a/1', 'a/b/2', 'a/b/c/3']);
    expect(await pathsOf(two, 'a/b')).toEqual(['a/b/2', 'a/b/c/3']);
    expect(await pathsOf(two, '')).toEqual(['a/1', 'a/b/2', 'a/b/c/3', 'ab/4', 'z']);
    expect(await two.list('none')).toEqual([]);
    expect(await two.list('z')).toEqual([]);
    const info = (await two.list('ab'))[0];
    expect(info).toMatchObject({ path: 'ab/4', size: 4 });
    expect(Number.isFinite(info?.modifiedAt)).toBe(true);
  });

  it('when files are deleted, they are gone, also those that were gone before; the others stay', async () => {
    const { one, two } = bench();
    for (const path of ['a/1', 'a/2', 'b/c/3']) await put(one, path);
    await two.delete(['a/1', 'never', 'no/folder', 'b/c/3', 'a/1']);
    await one.delete(['a/1']);
    await one.delete([]);
    expect(await pathsOf(one, '')).toEqual(['a/2']);
    await put(two, 'b/c/3', 'again');
    expect(text(await one.read('b/c/3'))).toBe('again');
  });

  it('when there are very many files, all are listed and deleted', async () => {
    const { one, two } = bench();
    const paths = Array.from({ length: 1_200 }, (_, at) => `many/${at % 7}/${at}`);
    for (let at = 0; at < paths.length; at += 50)
      await Promise.all(paths.slice(at, at + 50).map((path) => one.createExclusive(path, bytes('x'))));
    expect(await pathsOf(two, 'many')).toEqual(paths.toSorted());
    await two.delete(paths);
    expect(await one.list('')).toEqual([]);
  });
}

function describePaths(bench: BenchOf): void {
  it.each([
    '',
    '..',
    '../a',
    'a/../b',
    '/a',
    'a/',
    'a//b',
    '.',
    './a',
    'a/.hidden',
    'a\\b',
    'a b',
    'ä',
    'a\0',
    'x'.repeat(513),
  ])('when a path is %j, every operation refuses it', async (path) => {
    const { one } = bench();
    await expect(one.create(path)).rejects.toThrow(InternalError);
    await expect(one.createExclusive(path, bytes('x'))).rejects.toThrow(InternalError);
    await expect(one.read(path)).rejects.toThrow(InternalError);
    await expect(one.size(path)).rejects.toThrow(InternalError);
    await expect(one.delete(['fine', path])).rejects.toThrow(InternalError);
    if (path !== '') await expect(one.list(path)).rejects.toThrow(InternalError);
  });

  it('when a path has every allowed character and depth, it is kept as it is', async () => {
    const { one, two } = bench();
    const path = 'Ab9_-.z/_metadata/-x/0.1.2/deep/er';
    await put(one, path);
    expect(await pathsOf(two, '')).toEqual([path]);
  });
}
