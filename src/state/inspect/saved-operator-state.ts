import type { SourceSplit } from '../../functions/source.ts';
import { decodeOperatorState } from '../snapshot/operator-state-codec.ts';
import type { OpenedSnapshot } from '../snapshot/open-snapshot.ts';
import { vertexOf } from './saved-entries.ts';

/** One element of operator state as a subtask left it, or a split of a source; `subtask` undefined: nobody held the split. */
export interface SavedElement {
  readonly subtask: number | undefined;
  /** Name of the state; undefined for a split. */
  readonly state: string | undefined;
  readonly value: unknown;
}

/** State of an operator that belongs to its subtasks and not to keys. @throws SnapshotNotFoundError, SnapshotCorruptError */
export async function* savedOperatorState(
  { manifest, store }: OpenedSnapshot,
  operatorId: string,
): AsyncGenerator<SavedElement> {
  const vertex = vertexOf(manifest, operatorId);
  if (vertex === undefined) return;
  const isHead = vertex.operators[0]?.operatorId === operatorId;
  for (const [subtask, saved] of vertex.subtasks.entries()) {
    const state = saved?.operators.find((operator) => operator.operatorId === operatorId)?.operatorState;
    if (state !== undefined) {
      const bytes = state instanceof Uint8Array ? state : await store.read(state.path);
      for (const { name, elements } of decodeOperatorState(bytes))
        for (const value of elements) yield { subtask, state: name, value };
    }
    if (isHead) yield* splitsOf(saved?.splits, subtask);
  }
  if (isHead) yield* splitsOf(vertex.enumerator, undefined);
}

function* splitsOf(
  splits: readonly SourceSplit[] | undefined,
  subtask: number | undefined,
): Generator<SavedElement> {
  for (const value of splits ?? []) yield { subtask, state: undefined, value };
}
