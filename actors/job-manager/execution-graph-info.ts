import { ATTEMPTS_TOLD } from '../../src/base/limits.ts';
import type { ExecutionGraphInfo, SubtaskInfo, VertexInfo } from '../../src/protocol/execution-graph-info.ts';
import type { JobVertex } from '../../src/graph/job-graph.ts';
import { jobSummary } from './job-details.ts';
import type { JobHistory } from './job-history.ts';
import type { JobManagerContext } from './job-manager.machine.ts';

/** The job with its plan, all that its attempts went through, and its failures. */
export function executionGraphInfo(
  context: JobManagerContext,
  history: JobHistory,
  more: { readonly endedAt: number | undefined; readonly results: number; readonly batch: boolean },
): ExecutionGraphInfo {
  const { scheduler, graph, configuration } = context;
  const subtasks = [...graph.executions.values()].reduce((n, all) => n + all.length, 0);
  // The answer has to fit into one message.
  const previous = Math.floor(ATTEMPTS_TOLD / Math.max(1, subtasks));
  return {
    ...jobSummary(context, history, more.endedAt),
    restarts: scheduler.restarts,
    ...(scheduler.failure === undefined ? {} : { failure: scheduler.failure }),
    results: more.results,
    statusTimes: history.statusTimes,
    batch: more.batch,
    configuration: { ...configuration },
    vertices: graph.jobGraph.vertices.map((vertex) => vertexInfo(context, history, vertex, previous)),
    edges: graph.jobGraph.edges.map(({ source, target, targetInput, partition }) => ({
      source,
      target,
      targetInput,
      partition,
    })),
    failures: [...history.failures],
  };
}

function vertexInfo(
  context: JobManagerContext,
  history: JobHistory,
  vertex: JobVertex,
  previous: number,
): VertexInfo {
  const { id, name, parallelism, maxParallelism, slotSharingGroup, isSource, operators } = vertex;
  const executions = context.scheduler.executions.get(id) ?? [];
  return {
    vertexId: id,
    name,
    parallelism,
    maxParallelism,
    slotSharingGroup,
    isSource,
    operators: operators.map(({ id: operatorId, name: operator, kind }) => ({
      id: operatorId,
      name: operator,
      kind,
    })),
    subtasks: executions.map((_, subtaskIndex) =>
      subtaskInfo(context, history, vertex, subtaskIndex, previous),
    ),
  };
}

function subtaskInfo(
  { scheduler, graph }: JobManagerContext,
  history: JobHistory,
  { id }: JobVertex,
  subtaskIndex: number,
  previous: number,
): SubtaskInfo {
  const execution = scheduler.executions.get(id)?.[subtaskIndex];
  const region = graph.executions.get(id)?.[subtaskIndex]?.region;
  const attempt = (region === undefined ? undefined : scheduler.regions[region]?.attempt) ?? 0;
  const taskManagerId = history.taskManager(id, subtaskIndex, attempt);
  return {
    subtaskIndex,
    attempt,
    state: execution?.state ?? 'CREATED',
    ...(taskManagerId === undefined ? {} : { taskManagerId }),
    times: history.times(id, subtaskIndex, attempt),
    ...(execution?.counters === undefined ? {} : { counters: execution.counters }),
    previous: previous === 0 ? [] : history.previous(id, subtaskIndex, attempt).slice(-previous),
  };
}
