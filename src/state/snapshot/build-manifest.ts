import type { VertexId } from '../../base/ids.ts';
import type { SourceSplit } from '../../functions/source.ts';
import type { JobGraph } from '../../graph/job-graph.ts';
import type { SubtaskState } from '../../protocol/checkpoint.ts';
import { UserError } from '../../base/errors.ts';
import { MANIFEST_VERSION, checkMaxParallelism } from './manifest.ts';
import type { Manifest, ManifestVertex } from './manifest.ts';

export interface ManifestParts {
  readonly jobId: string;
  readonly graph: JobGraph;
  readonly checkpointId: number;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly timestamp: number;
  stateOf(vertexId: VertexId, subtaskIndex: number): SubtaskState | undefined;
  readonly enumerators: ReadonlyMap<VertexId, readonly SourceSplit[]>;
}

/** What subtasks and enumerators left, as one description of the job's state. */
export function buildManifest(parts: ManifestParts): Manifest {
  const { jobId, graph, checkpointId, kind, timestamp, enumerators } = parts;
  return {
    version: MANIFEST_VERSION,
    jobId,
    jobName: graph.name,
    checkpointId,
    kind,
    triggeredAt: timestamp,
    vertices: graph.vertices.map((vertex): ManifestVertex => {
      const enumerator = enumerators.get(vertex.id);
      return {
        operators: vertex.operators.map(({ id, name, kind: operatorKind, uid }) => ({
          operatorId: id,
          name,
          kind: operatorKind,
          ...(uid === undefined ? {} : { uid }),
        })),
        parallelism: vertex.parallelism,
        maxParallelism: vertex.maxParallelism,
        subtasks: Array.from(
          { length: vertex.parallelism },
          (_, subtaskIndex) => parts.stateOf(vertex.id, subtaskIndex) ?? null,
        ),
        ...(enumerator === undefined ? {} : { enumerator: [...enumerator] }),
      };
    }),
  };
}

/**
 * Whether a job can go on from a manifest: each operator that left state must be there, with the max parallelism it had.
 * @throws UserError naming the operator and what to do
 */
export function checkCompatible(manifest: Manifest, graph: JobGraph, ignoreUnclaimed: boolean): void {
  const known = new Map(
    graph.vertices.flatMap((vertex) => vertex.operators.map(({ id }) => [id, vertex] as const)),
  );
  for (const vertex of manifest.vertices) {
    for (const { operatorId, name, uid } of vertex.operators) {
      const hasState = vertex.subtasks.some((subtask) =>
        subtask?.operators.some((state) => {
          if (state.operatorId !== operatorId) return false;
          return state.keyed !== undefined || state.operatorState !== undefined;
        }),
      );
      if (!hasState) continue;
      const now = known.get(operatorId);
      if (now !== undefined) checkMaxParallelism(vertex, name, now.maxParallelism);
      else if (!ignoreUnclaimed)
        throw new UserError(
          `the snapshot has state of operator "${name}"${uid === undefined ? '' : ` (uid ${uid})`}, which the job no longer has: ` +
            'give the operator the uid it had, or leave its state behind with execution.state-recovery.ignore-unclaimed-state: true',
        );
    }
  }
}
