import { keyOf } from '../../src/control/checkpoints/state.ts';
import type { JobView, SubtaskView } from '../../src/control/checkpoints/state.ts';
import type { SchedulerState } from '../../src/control/scheduler/state.ts';
import { isPointwise, peersOf } from '../../src/graph/execution-graph.ts';
import type { ExecutionGraph } from '../../src/graph/execution-graph.ts';
import type { JobEdge } from '../../src/graph/job-graph.ts';

/** The job's subtasks as the checkpoint-coordinator sees them. Made often, of jobs with thousands of subtasks. */
export function jobView({ graph, status, executions, regions }: SchedulerState): JobView {
  const subtasks: SubtaskView[] = [];
  for (const vertex of graph.jobGraph.vertices) {
    const edges = graph.jobGraph.edges.filter(({ target }) => target === vertex.id);
    const members = graph.executions.get(vertex.id);
    for (const [subtaskIndex, { state }] of (executions.get(vertex.id) ?? []).entries()) {
      const region = members?.[subtaskIndex]?.region;
      const attempt = (region === undefined ? undefined : regions[region]?.attempt) ?? 0;
      subtasks.push({
        ref: { vertexId: vertex.id, subtaskIndex, attempt },
        state: state === 'RUNNING' ? 'running' : state === 'FINISHED' ? 'finished' : 'other',
        upstream: () => upstreamOf(graph, edges, subtaskIndex),
      });
    }
  }
  return { running: status === 'RUNNING', subtasks };
}

function* upstreamOf(
  graph: ExecutionGraph,
  edges: readonly JobEdge[],
  subtaskIndex: number,
): Generator<string> {
  for (const edge of edges) {
    if (isPointwise(edge)) {
      for (const peer of peersOf(graph, edge, 'consumer', subtaskIndex))
        yield keyOf({ vertexId: edge.source, subtaskIndex: peer });
      continue;
    }
    const producers = graph.vertices.get(edge.source)?.parallelism ?? 0;
    for (let peer = 0; peer < producers; peer++) yield keyOf({ vertexId: edge.source, subtaskIndex: peer });
  }
}
