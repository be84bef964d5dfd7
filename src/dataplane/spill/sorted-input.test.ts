import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExternalError } from '../../base/errors.ts';
import type { Key } from '../../functions/basic.ts';
import type { SpillFiles } from '../../ports/spill-files.ts';
import { compareKeys, keyIdentity } from '../../state/index.ts';
import { MemorySpillFiles } from '../../storage/memory/spill-files.ts';
import { SortedInput } from './sorted-input.ts';

interface Item {
  readonly key: Key;
  readonly timestamp: number;
  readonly input: number;
  readonly n: number;
}

/** A sorted input with a task that waits when it is told to. */
class Sorting {
  readonly files: MemorySpillFiles;
  readonly input: SortedInput;
  /** Whether a record came with another's key, time or input. */
  wrong = false;
  #waiting: Promise<unknown> = Promise.resolve();

  constructor(budgetBytes: number, order: 'time' | 'arrival', files: SpillFiles = new MemorySpillFiles()) {
    this.files = files as MemorySpillFiles;
    this.input = new SortedInput({
      budgetBytes,
      files,
      keyOf: (value) => (value as Item).key,
      order,
      waitFor: (promise) => {
        this.#waiting = Promise.all([this.#waiting, promise]);
        this.#waiting.catch(() => {});
      },
    });
  }

  async add(items: readonly Item[]): Promise<void> {
    for (const item of items) {
      this.input.add(item.key, keyIdentity(item.key), item, item.timestamp, item.input);
      await this.#waiting;
    }
  }

  async takeAll(): Promise<Item[]> {
    const taken: Item[] = [];
    for (let next = this.input.next(); next !== undefined; next = this.input.next()) {
      if (next === 'waiting') {
        await this.#waiting;
        continue;
      }
      for (const [index, value] of next.values.entries()) {
        const item = value as Item;
        const { timestamp, input } = item;
        const told = [next.identity, next.timestamps[index], next.inputs[index]];
        this.wrong ||= !isDeepStrictEqual(told, [keyIdentity(item.key), timestamp, input]);
        taken.push(item);
      }
    }
    return taken;
  }
}

const KEYS: fc.Arbitrary<Key> = fc.oneof(
  fc.constantFrom<Key>('a', 'b', '', 'ä', null, true, 0, -1.5, 7n),
  fc.tuple(fc.constantFrom('x', 'y'), fc.nat(2)),
);

const ITEMS = fc
  .array(fc.record({ key: KEYS, timestamp: fc.integer({ min: -5, max: 5 }), input: fc.nat(1) }), {
    maxLength: 120,
  })
  .map((items) => items.map((item, n) => ({ ...item, n })));

describe('SortedInput', () => {
  it.each([
    ['nothing fits, so that runs are merged more than once', 1],
    ['a few records fit', 2_000],
    ['all fit', 10_000_000],
  ])('when %s then records come by key, and those of a key in their order', async (_, budget) => {
    const sorted = (items: readonly Item[], order: 'time' | 'arrival'): Item[] =>
      items.toSorted(
        (a, b) =>
          compareKeys(a.key, b.key) ||
          (order === 'time' ? a.timestamp - b.timestamp || a.input - b.input : 0) ||
          a.n - b.n,
      );
    await fc.assert(
      fc.asyncProperty(ITEMS, fc.constantFrom('time' as const, 'arrival' as const), async (items, order) => {
        const sorting = new Sorting(budget, order);
        await sorting.add(items);
        expect(await sorting.takeAll()).toEqual(sorted(items, order));
        expect(sorting.wrong).toBe(false);
        expect(sorting.input.next()).toBeUndefined();
        if (budget === 1) expect(sorting.files.created).toBeGreaterThanOrEqual(items.length);
        if (budget === 10_000_000) expect(sorting.files.created).toBe(0);
        await sorting.input.close();
        expect(sorting.files.open).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('when a key has more records than memory holds then they come in pieces', async () => {
    const sorting = new Sorting(20_000, 'time');
    const items = Array.from({ length: 5_000 }, (_, n) => ({
      key: 'one',
      timestamp: (n * 7919) % 5_000,
      input: 0,
      n,
    }));
    await sorting.add(items);
    const pieces: number[] = [];
    const times: number[] = [];
    for (let next = sorting.input.next(); next !== undefined; next = sorting.input.next()) {
      if (next === 'waiting') await new Promise((resolve) => setImmediate(resolve));
      else {
        pieces.push(next.values.length);
        times.push(...next.timestamps);
      }
    }
    expect(times).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
    expect(Math.max(...pieces)).toBeLessThan(1_100);
  });

  it('when it is closed while it writes then no file is left', async () => {
    const sorting = new Sorting(1, 'time');
    for (let n = 0; n < 100; n += 1) sorting.input.add(n, n, { key: n, n }, 0, 0);
    await sorting.input.close();
    expect(sorting.files.created).toBeGreaterThan(0);
    expect(sorting.files.open).toBe(0);
  });

  it('when the disk is full then whoever waits hears of it, and files are removed', async () => {
    const files = new MemorySpillFiles();
    const full = new ExternalError('the disk is full');
    const sorting = new Sorting(1, 'time', {
      create: async () => ({ ...(await files.create()), append: () => Promise.reject(full) }),
    });
    await expect(sorting.add([{ key: 1, timestamp: 0, input: 0, n: 0 }])).rejects.toBe(full);
    await sorting.input.close();
    expect(files.open).toBe(0);
  });
});
