import { RESTORE_SLICE_BYTES } from '../../base/limits.ts';
import { restoreHashMap } from '../hashmap/restore.ts';
import type { RestoreTarget } from '../hashmap/restore.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { StateReader } from '../snapshot/state-reader.ts';
import { readRows } from './read-rows.ts';
import type { RocksDbRow } from './rocksdb-row.ts';

/** Takes the rows of some key groups as they are in the end. */
export interface RestoredRows {
  readonly keyGroups: KeyGroupRange;
  /** Of rows that are restored. */
  readonly version: number;
  writeRestored(rows: Iterable<RocksDbRow>): void;
}

/**
 * Fills an empty database from files, oldest first. A few key groups at a time are put together on the heap, from all files, and each
 * row is then written once: nothing is read back. Windows are restored as on the heap.
 */
export async function restoreRocksDb(
  readers: readonly StateReader[],
  rows: RestoredRows,
  target: RestoreTarget,
): Promise<void> {
  await restoreHashMap(readers, target, ({ scope }) => scope === 'window');
  for (const slice of slicesOf(readers, rows.keyGroups))
    rows.writeRestored((await readRows(readers, slice, target.states, rows.version)).values());
}

/** Consecutive key groups whose chunks are small enough to be held decoded. */
function slicesOf(readers: readonly StateReader[], { start, end }: KeyGroupRange): KeyGroupRange[] {
  const bytes = new Map<number, number>();
  for (const { index } of readers)
    for (const { keyGroup, length } of index.chunks) bytes.set(keyGroup, (bytes.get(keyGroup) ?? 0) + length);
  const slices: KeyGroupRange[] = [];
  let from = start;
  let held = 0;
  for (let group = start; group <= end; group += 1) {
    const more = bytes.get(group) ?? 0;
    if (group > from && held + more > RESTORE_SLICE_BYTES) {
      slices.push({ start: from, end: group - 1 });
      from = group;
      held = 0;
    }
    held += more;
  }
  slices.push({ start: from, end });
  return slices;
}
