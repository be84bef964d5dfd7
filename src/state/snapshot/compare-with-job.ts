import { UserError } from '../../base/errors.ts';
import type { JobGraph, JobVertex } from '../../graph/job-graph.ts';
import type { Manifest, ManifestVertex } from './manifest.ts';

/**
 * What becomes of one operator's state in a job that begins from a snapshot:
 *
 * - `fits`: it goes on as it was; `rescales`: it is shared out anew, over another parallelism;
 * - `new`: the job has it, the snapshot does not: it begins empty; `empty`: the snapshot has nothing of it;
 * - `missing`: the snapshot has its state, the job does not have the operator: refused unless the state may be left behind;
 * - `incompatible`: refused.
 */
export interface OperatorComparison {
  readonly operatorId: string;
  readonly name: string;
  readonly uid?: string;
  readonly verdict: 'fits' | 'rescales' | 'new' | 'empty' | 'missing' | 'incompatible';
  /** What is the matter, and what to do about it. */
  readonly note?: string;
}

/** Compares what a snapshot holds with what a job has, operator by operator. */
export function compareWithJob(manifest: Manifest, graph: JobGraph): readonly OperatorComparison[] {
  const now = new Map(
    graph.vertices.flatMap((vertex) =>
      vertex.operators.map((operator) => [operator.id, { vertex, operator }]),
    ),
  );
  const saved = new Set<string>();
  const comparisons: OperatorComparison[] = [];
  for (const vertex of manifest.vertices) {
    for (const operator of vertex.operators) {
      saved.add(operator.operatorId);
      const { operatorId, name, uid } = operator;
      const verdict = verdictOf(vertex, operator, now.get(operator.operatorId)?.vertex);
      if (verdict !== undefined)
        comparisons.push({ operatorId, name, ...(uid === undefined ? {} : { uid }), ...verdict });
    }
  }
  for (const { operator } of now.values()) {
    const { id, name, uid } = operator;
    if (!saved.has(id))
      comparisons.push({ operatorId: id, name, ...(uid === undefined ? {} : { uid }), verdict: 'new' });
  }
  return comparisons;
}

/**
 * Whether a job can go on from a snapshot.
 * @param ignoreUnclaimed whether state of operators that the job no longer has is left behind
 * @throws UserError naming the operator and what to do
 */
export function checkCompatible(manifest: Manifest, graph: JobGraph, ignoreUnclaimed: boolean): void {
  for (const { verdict, name, uid, note = '' } of compareWithJob(manifest, graph))
    if (verdict === 'incompatible' || (verdict === 'missing' && !ignoreUnclaimed))
      throw new UserError(`operator "${name}"${uid === undefined ? '' : ` (uid ${uid})`}: ${note}`);
}

type SavedOperator = ManifestVertex['operators'][number];

function verdictOf(
  vertex: ManifestVertex,
  { operatorId }: SavedOperator,
  now: JobVertex | undefined,
): Pick<OperatorComparison, 'verdict' | 'note'> | undefined {
  const { keyed, any } = stateOf(vertex, operatorId);
  if (now === undefined) {
    if (!any) return undefined;
    return {
      verdict: 'missing',
      note:
        'the snapshot has its state, and the job no longer has the operator: give the operator the uid it had, or leave ' +
        'its state behind with -n (execution.state-recovery.ignore-unclaimed-state: true)',
    };
  }
  if (keyed && vertex.maxParallelism !== now.maxParallelism)
    return {
      verdict: 'incompatible',
      note:
        `saved with max parallelism ${vertex.maxParallelism}, now it is ${now.maxParallelism}: that of keyed state cannot ` +
        `change; set pipeline.max-parallelism or setMaxParallelism(${vertex.maxParallelism})`,
    };
  const isHead = vertex.operators[0]?.operatorId === operatorId;
  if (
    isHead &&
    now.operators[0]?.id !== operatorId &&
    vertex.subtasks.some((one) => one?.inFlight !== undefined)
  )
    return {
      verdict: 'incompatible',
      note:
        'the checkpoint is unaligned and holds records on their way to it, and in the job it is now chained to the operator ' +
        'before it: begin from a savepoint, or keep the chains as they were',
    };
  if (!any) return { verdict: 'empty' };
  if (vertex.parallelism === now.parallelism) return { verdict: 'fits' };
  return { verdict: 'rescales', note: `parallelism ${vertex.parallelism} to ${now.parallelism}` };
}

function stateOf(
  { operators, subtasks, enumerator }: ManifestVertex,
  operatorId: string,
): { readonly keyed: boolean; readonly any: boolean } {
  const states = subtasks.flatMap(
    (subtask) => subtask?.operators.filter((state) => state.operatorId === operatorId) ?? [],
  );
  const keyed = states.some((state) => state.keyed !== undefined);
  const isHead = operators[0]?.operatorId === operatorId;
  const ofHead =
    (enumerator?.length ?? 0) > 0 ||
    subtasks.some((subtask) => (subtask?.splits?.length ?? 0) > 0 || subtask?.inFlight !== undefined);
  return {
    keyed,
    any: keyed || states.some((state) => state.operatorState !== undefined) || (isHead && ofHead),
  };
}
