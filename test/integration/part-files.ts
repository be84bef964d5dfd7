import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The rows of all part files, sorted; parts under hidden names are not of the result. */
export async function rowsIn(folder: string): Promise<string[]> {
  const parts = (await readdir(folder)).filter((name) => name.startsWith('part-'));
  const texts = await Promise.all(parts.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => text.trimEnd().split('\n').slice(1)).toSorted();
}

/** What `jobs/slow-sums.ts` computes, in one pass and without Millrace. */
export function slowSums(count: number): string[] {
  const sums = new Map<string, number>();
  for (let index = 0; index < count; index++) {
    const key = `s${index % 7},${Math.floor((index * 10) / 1_000)}`;
    sums.set(key, (sums.get(key) ?? 0) + index);
  }
  return [...sums].map(([key, sum]) => `${key},${sum}`).toSorted();
}
