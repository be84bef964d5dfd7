import { keyOf } from '../../src/control/checkpoints/state.ts';
import type { JobView, SubtaskView } from '../../src/control/checkpoints/state.ts';
import type { SchedulerState } from '../../src/control/scheduler/state.ts';
import { peersOf } from '../../src/graph/execution-graph.ts';

/** The job's subtasks as the checkpoint-coordinator sees them. */
export function jobView({ graph, status, executions, regions }: SchedulerState): JobView {
  const subtasks: SubtaskView[] = [];
  for (const vertex of graph.jobGraph.vertices) {
    const edges = graph.jobGraph.edges.filter(({ target }) => target === vertex.id);
    for (const [subtaskIndex, { state }] of (executions.get(vertex.id) ?? []).entries()) {
      const region = graph.executions.get(vertex.id)?.[subtaskIndex]?.region;
      const attempt = (region === undefined ? undefined : regions[region]?.attempt) ?? 0;
      subtasks.push({
        ref: { vertexId: vertex.id, subtaskIndex, attempt },
        state: state === 'RUNNING' ? 'running' : state === 'FINISHED' ? 'finished' : 'other',
        upstream: edges.flatMap((edge) =>
          peersOf(graph, edge, 'consumer', subtaskIndex).map((peer) =>
            keyOf({ vertexId: edge.source, subtaskIndex: peer }),
          ),
        ),
      });
    }
  }
  return { running: status === 'RUNNING', subtasks };
}
