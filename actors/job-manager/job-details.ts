import { isGloballyTerminal } from '../../src/protocol/job-status.ts';
import type { ExecutionState, JobDetails, JobSummary, VertexDetails } from '../../src/protocol/job-status.ts';
import type { JobHistory } from './job-history.ts';
import type { JobManagerContext } from './job-manager.machine.ts';

/** The job as clients see it in lists. */
export function jobSummary(
  context: JobManagerContext,
  history: JobHistory,
  endedAt: number | undefined,
): JobSummary {
  const { scheduler, jobId, submittedAt, graph } = context;
  const taskStates: Partial<Record<ExecutionState, number>> = {};
  let tasksTotal = 0;
  for (const executions of scheduler.executions.values()) {
    tasksTotal += executions.length;
    for (const { state } of executions) taskStates[state] = (taskStates[state] ?? 0) + 1;
  }
  return {
    jobId,
    name: graph.jobGraph.name,
    status: scheduler.status,
    submittedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    tasksTotal,
    tasksRunning: taskStates.RUNNING ?? 0,
    taskStates,
    lastModified: history.lastModified,
  };
}

/** The job with its vertices and subtasks. */
export function jobDetails(
  context: JobManagerContext,
  history: JobHistory,
  endedAt: number | undefined,
  results: number,
): JobDetails {
  const { scheduler, graph } = context;
  const vertices = graph.jobGraph.vertices.map((vertex): VertexDetails => ({
    vertexId: vertex.id,
    name: vertex.name,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    subtasks: (scheduler.executions.get(vertex.id) ?? []).map((execution, subtaskIndex) => {
      const region = graph.executions.get(vertex.id)?.[subtaskIndex]?.region;
      const held =
        execution.allocationId === undefined ? undefined : scheduler.slots.get(execution.allocationId);
      return {
        subtaskIndex,
        attempt: (region === undefined ? undefined : scheduler.regions[region]?.attempt) ?? 0,
        state: execution.state,
        ...(held === undefined ? {} : { taskManagerId: held.taskManagerId, slot: held.slot }),
        ...(execution.counters === undefined ? {} : { counters: execution.counters }),
      };
    }),
  }));
  return {
    ...jobSummary(context, history, endedAt),
    restarts: scheduler.restarts,
    ...(scheduler.failure === undefined ? {} : { failure: scheduler.failure }),
    vertices,
    results,
  };
}

/** Whether the job has ended for good. */
export function hasEnded(context: JobManagerContext): boolean {
  return isGloballyTerminal(context.scheduler.status);
}
