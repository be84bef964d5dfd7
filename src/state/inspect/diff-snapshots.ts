import { isDeepStrictEqual } from 'node:util';
import type { OpenedSnapshot } from '../snapshot/open-snapshot.ts';
import { savedGroups } from './saved-entries.ts';
import type { SavedEntry, SavedGroup } from './saved-entries.ts';

/** How one value differs between two snapshots: `before` undefined where it is new, `after` where it is gone. */
export interface EntryDifference {
  readonly operatorId: string;
  readonly operator: string;
  readonly before: SavedEntry | undefined;
  readonly after: SavedEntry | undefined;
}

/**
 * What changed in the keyed state of the operators that either snapshot has, key group by key group.
 *
 * @throws SnapshotNotFoundError, SnapshotCorruptError
 */
export async function* diffSnapshots(
  before: OpenedSnapshot,
  after: OpenedSnapshot,
): AsyncGenerator<EntryDifference> {
  for (const [operatorId, operator] of operatorsOf(before, after)) {
    const left = savedGroups(before, operatorId);
    const right = savedGroups(after, operatorId);
    for (;;) {
      const [a, b] = [await left.next(), await right.next()];
      if (a.done === true && b.done === true) break;
      for (const change of diffGroups(a.value ?? EMPTY, b.value ?? EMPTY))
        yield { operatorId, operator, ...change };
    }
  }
}

const EMPTY: SavedGroup = new Map();

function* diffGroups(
  before: SavedGroup,
  after: SavedGroup,
): Generator<Pick<EntryDifference, 'before' | 'after'>> {
  for (const [id, entry] of before) {
    const now = after.get(id);
    if (now === undefined || !isDeepStrictEqual(entry.value, now.value)) yield { before: entry, after: now };
  }
  for (const [id, entry] of after) if (!before.has(id)) yield { before: undefined, after: entry };
}

function operatorsOf(...snapshots: readonly OpenedSnapshot[]): ReadonlyMap<string, string> {
  return new Map(
    snapshots.flatMap(({ manifest }) =>
      manifest.vertices.flatMap(({ operators }) =>
        operators.map(({ operatorId, name }) => [operatorId, name] as const),
      ),
    ),
  );
}
