import { UserError } from '../../base/errors.ts';
import type { OperatorId } from '../../base/ids.ts';
import type { Manifest } from '../snapshot/manifest.ts';

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
