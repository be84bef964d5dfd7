import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Bid } from '../../../examples/nexmark/generator/index.ts';
import { groupBy } from './run-query.ts';

/** Expects in a folder, for each minute, one complete file with exactly its bids. */
export async function expectMinuteFiles(folder: string, bids: readonly Bid[]): Promise<void> {
  const lines = groupBy(bids, ({ dateTime }) => {
    const text = new Date(dateTime).toISOString();
    return join(`dt=${text.slice(0, 10)}`, `hm=${text.slice(11, 13)}%3A${text.slice(14, 16)}`);
  });
  const expected = [...lines].map(
    ([partition, of]) =>
      [
        partition,
        of.map((bid) => `${bid.auction},${bid.bidder},${bid.price},${bid.dateTime},${bid.extra}`).toSorted(),
      ] as const,
  );
  expect(await written(folder)).toEqual(new Map(expected));
}

async function written(folder: string): Promise<Map<string, string[]>> {
  const partitions = new Map<string, string[]>();
  for (const day of await readdir(folder)) {
    for (const minute of await readdir(join(folder, day))) {
      const partition = join(day, minute);
      expect((await readdir(join(folder, partition))).toSorted()).toEqual(['_SUCCESS', 'part.csv']);
      const text = await readFile(join(folder, partition, 'part.csv'), 'utf8');
      partitions.set(partition, text.trimEnd().split('\n').toSorted());
    }
  }
  return partitions;
}
