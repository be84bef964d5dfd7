import type { VertexId } from '../../../src/base/ids.ts';
import type { SourceSplit } from '../../../src/functions/source.ts';
import type { JobGraph } from '../../../src/graph/job-graph.ts';
import type { SubtaskState } from '../../../src/protocol/checkpoint.ts';
import { checkCompatible } from '../../../src/state/snapshot/compare-with-job.ts';
import type { RestorePoint } from './decided-checkpoints.ts';

/** The snapshot that subtasks of a job go on from when they restart; none where the job begins anew. */
export class JobRestorePoint {
  readonly #graph: JobGraph;
  #current: (RestorePoint & { readonly own: boolean }) | undefined;

  constructor(graph: JobGraph) {
    this.#graph = graph;
  }

  /** `own`: whether it is of this job. */
  get current(): (RestorePoint & { readonly own: boolean }) | undefined {
    return this.#current;
  }

  /** The job begins from it, under this leader. @throws UserError where it does not fit the job */
  begin(point: RestorePoint, own: boolean, ignoreUnclaimedState: boolean): void {
    checkCompatible(point.manifest, this.#graph, ignoreUnclaimedState);
    this.#current = { ...point, own };
  }

  /** A newer one of this job was decided. */
  advance(point: RestorePoint): void {
    this.#current = { ...point, own: true };
  }

  /** Splits of a source that nobody held; undefined when the job begins anew. */
  splitsOf(vertexId: VertexId): readonly SourceSplit[] | undefined {
    const head = this.#graph.vertices.find(({ id }) => id === vertexId)?.operators[0]?.id;
    const vertex = this.#current?.manifest.vertices.find(
      ({ operators }) => operators[0]?.operatorId === head,
    );
    return vertex === undefined ? undefined : (vertex.enumerator ?? []);
  }

  /** What a subtask that has finished since left in it. */
  finalState(vertexId: VertexId, subtaskIndex: number): SubtaskState | undefined {
    const index = this.#graph.vertices.findIndex(({ id }) => id === vertexId);
    // A savepoint that the job began from is of another graph perhaps, and nobody finished with it.
    if (this.#current?.own !== true) return undefined;
    return this.#current.manifest.vertices[index]?.subtasks[subtaskIndex] ?? undefined;
  }
}
