import { createHash } from 'node:crypto';
import { UserError } from '../base/errors.ts';
import type { OperatorId } from '../base/ids.ts';
import type { StreamGraph } from './stream-graph.ts';

/**
 * Stable operator ids: from `uid` where one is set; otherwise from the operator's type, its place in the order of creation
 * and its inputs' ids, as Flink's StreamGraphHasherV2 does. An id without `uid` survives a new build of the same job but
 * not a change of its shape upstream.
 * @throws UserError when two operators have the same `uid`.
 */
export function operatorIds<F>(graph: StreamGraph<F>): OperatorId[] {
  const ids: OperatorId[] = [];
  const owners = new Map<string, string>();
  for (const node of graph.nodes) {
    const { uid } = node;
    if (uid !== undefined) {
      const other = owners.get(uid);
      if (other !== undefined) {
        throw new UserError(
          `uid "${uid}" is used by two operators, "${other}" and "${node.name}": give each its own`,
        );
      }
      owners.set(uid, node.name);
      ids.push(hash(['uid', uid]));
    } else {
      const inputs = graph.inputsOf(node.id).map((edge) => `${edge.targetInput}:${ids[edge.source]}`);
      ids.push(hash(['place', String(node.id), node.kind, ...inputs]));
    }
  }
  return ids;
}

function hash(parts: readonly string[]): OperatorId {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32) as OperatorId;
}
