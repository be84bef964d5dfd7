import { UserError } from '../../base/errors.ts';
import type { OperatorId } from '../../base/ids.ts';
import type { Manifest } from '../snapshot/manifest.ts';
import type { OpenedSnapshot } from '../snapshot/open-snapshot.ts';
import { openKeyedFiles } from './saved-entries.ts';
import { savedOperatorState } from './saved-operator-state.ts';

/** The operator of a snapshot that people named by uid, name or id. @throws UserError listing those there are */
export function findOperator({ vertices }: Manifest, named: string): OperatorId {
  const operators = vertices.flatMap((vertex) => vertex.operators);
  const byUid = operators.filter(({ uid, operatorId }) => uid === named || operatorId === named);
  const found = byUid.length > 0 ? byUid : operators.filter(({ name }) => name === named);
  if (found.length === 1) return (found[0] as (typeof found)[number]).operatorId;
  const names = operators.map(({ name, uid }) =>
    uid === undefined ? `"${name}"` : `"${name}" (uid ${uid})`,
  );
  throw new UserError(
    found.length === 0
      ? `the snapshot has no operator "${named}"; it has ${names.join(', ')}`
      : `the snapshot has ${found.length} operators named "${named}": use the uid or the operator id`,
  );
}

/** A name that is mistyped must not look like a state without values. @throws UserError listing the operator's states */
export async function checkState(
  snapshot: OpenedSnapshot,
  operatorId: OperatorId,
  named: string,
): Promise<void> {
  const readers = (await openKeyedFiles(snapshot, operatorId)).flat();
  const names = new Set(readers.flatMap(({ index }) => index.states.map(({ name }) => name)));
  for await (const { state } of savedOperatorState(snapshot, operatorId))
    if (state !== undefined) names.add(state);
  if (names.has(named)) return;
  const those = names.size === 0 ? 'none' : [...names].map((name) => `"${name}"`).join(', ');
  throw new UserError(`the operator has no state "${named}" in the snapshot; its states: ${those}`);
}
