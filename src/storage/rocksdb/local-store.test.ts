import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InternalError } from '../../base/errors.ts';
import type { LocalScan, LocalStore } from '../../ports/local-store.ts';
import { StoreError } from '../errors.ts';
import { MemoryLocalStore } from '../memory/local-store.ts';
import { RocksDbLocalStore } from './local-store.ts';
import type { RocksDbSettings } from './settings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-local-store-'));
});
afterAll(() => rm(folder, { recursive: true }));

const settings = (more: Partial<RocksDbSettings> = {}): RocksDbSettings => ({
  directory: folder,
  workingSetBytes: 0,
  blockCacheBytes: 1 << 20,
  blockBytes: 4_096,
  writeBufferBytes: 1 << 20,
  bloomBitsPerKey: 10,
  compaction: 'universal',
  compression: 'snappy',
  threads: 1,
  ...more,
});

const bytes = (text: string): Uint8Array => Buffer.from(text);

function read(scan: LocalScan): string[] {
  const seen: string[] = [];
  for (let rows = scan.next(3); rows.length > 0; rows = scan.next(3))
    for (const part of rows) seen.push(part === undefined ? '-' : Buffer.from(part).toString());
  scan.close();
  return seen;
}

function put(store: LocalStore, ...keys: string[]): void {
  const batch = store.newBatch();
  for (const key of keys) batch.put(bytes(key), bytes(`${key}!`));
  batch.write();
}

describe('RocksDbLocalStore, and what stands in for it in simulations', () => {
  it.each([
    () => RocksDbLocalStore.open(settings()),
    () => RocksDbLocalStore.open(settings({ compaction: 'level', bloomBitsPerKey: 0 })),
    () => RocksDbLocalStore.open(settings({ compression: 'zstd', blockBytes: 16_384 })),
    () => Promise.resolve(new MemoryLocalStore()),
  ])('when keys are written and removed at random, then it equals a sorted map (%#)', async (open) => {
    const store: LocalStore = await open();
    const key = fc.constantFrom('a', 'b', 'bb', 'c', 'd', 'e');
    const op = fc.tuple(fc.constantFrom('put', 'delete', 'range'), key, key, fc.nat(99));
    const [first, end] = [bytes('a'), bytes('z')];
    fc.assert(
      fc.property(fc.array(op), (ops) => {
        store.deleteRange(first, end);
        const model = new Map<string, string>();
        for (const [what, one, two, n] of ops) {
          const batch = store.newBatch();
          if (what === 'put') batch.put(bytes(one), bytes(String(n)));
          else if (what === 'delete') batch.delete(bytes(one));
          else store.deleteRange(bytes(one), bytes(two));
          batch.write();
          if (what === 'put') model.set(one, String(n));
          else if (what === 'delete') model.delete(one);
          else for (const held of [...model.keys()]) if (held >= one && held < two) model.delete(held);
          const found = store.get(bytes(one));
          expect(found === undefined ? undefined : Buffer.from(found).toString()).toBe(model.get(one));
        }
        const sorted = [...model].toSorted(([a], [b]) => (a < b ? -1 : 1));
        expect(read(store.scan(first, end, { values: true }))).toEqual(sorted.flat());
      }),
    );
    await store.close();
  });

  it.each([() => RocksDbLocalStore.open(settings()), () => Promise.resolve(new MemoryLocalStore())])(
    'when it is written during a walk, then the walk sees what was there before (%#)',
    async (open) => {
      const store: LocalStore = await open();
      put(store, 'a', 'b', 'c');
      const scan = store.scan(bytes('a'), bytes('z'), { values: true });
      const keys = store.scan(bytes('b'), bytes('z'), { values: false });
      store.deleteRange(bytes('a'), bytes('c'));
      put(store, 'd');
      expect(read(scan)).toEqual(['a', 'a!', 'b', 'b!', 'c', 'c!']);
      keys.seek(bytes('bb'));
      expect(read(keys)).toEqual(['c', '-']);
      expect(read(store.scan(bytes('a'), bytes('z'), { values: false }))).toEqual(['c', '-', 'd', '-']);
      await store.close();
    },
  );

  it('when it is closed, then its folder is gone, and using it or a walk is an internal error', async () => {
    const store = await RocksDbLocalStore.open(settings());
    put(store, 'a');
    const scan = store.scan(bytes('a'), bytes('z'), { values: true });
    expect(existsSync(store.location)).toBe(true);
    await store.close();
    await store.close();
    expect(await readdir(folder)).not.toContain(store.location.split('/').at(-1));
    expect(() => store.get(bytes('a'))).toThrow(InternalError);
    expect(() => put(store, 'a')).toThrow(InternalError);
    expect(() => scan.next(1)).toThrow(InternalError);
  });

  it('when its folder cannot be made, then it says where', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const opened = RocksDbLocalStore.open(settings({ directory: join(file, 'below') }));
    await expect(opened).rejects.toThrow(StoreError);
    await expect(opened).rejects.toThrow(`to open a RocksDB database below ${file}`);
  });
});
