import type { VertexId } from '../../base/ids.ts';
import type { SourceSplit } from '../../functions/source.ts';
import type { JobGraph } from '../../graph/job-graph.ts';
import type { SubtaskState } from '../../protocol/checkpoint.ts';
import { MANIFEST_VERSION } from './manifest.ts';
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
