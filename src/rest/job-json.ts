import { createHash } from 'node:crypto';
import type { ExecutionGraphInfo, VertexInfo } from '../protocol/execution-graph-info.ts';
import type { ExecutionState, JobSummary } from '../protocol/job-status.ts';
import type { JobDetail, JobOverviewItem, VertexOverview } from './job-schemas.ts';
import { ioMetrics, positionOf, spanOf } from './io-metrics.ts';
import { jobType, planJson } from './plan-json.ts';
import { stateCounts, statusTimestamps, taskCounts, vertexState } from './states.ts';

/** A line of Flink's list of jobs. */
export function jobOverview(job: JobSummary, now: number): JobOverviewItem {
  return {
    jid: job.jobId,
    name: job.name,
    'start-time': job.submittedAt,
    'end-time': job.endedAt ?? -1,
    duration: durationOf(job, now),
    state: job.status,
    'last-modification': job.lastModified,
    tasks: taskCounts(job.taskStates),
    'pending-operators': 0,
    'application-id': job.jobId,
  };
}

/** Flink's JobDetail. */
export function jobDetail(job: ExecutionGraphInfo, now: number): JobDetail {
  const vertices = job.vertices.map((vertex) => vertexOverview(job, vertex, now));
  return {
    jid: job.jobId,
    name: job.name,
    isStoppable: false,
    state: job.status,
    'job-type': jobType(job),
    'start-time': job.submittedAt,
    'end-time': job.endedAt ?? -1,
    duration: durationOf(job, now),
    maxParallelism: Math.max(-1, ...job.vertices.map(({ maxParallelism }) => maxParallelism)),
    now,
    timestamps: statusTimestamps(job.statusTimes),
    vertices,
    'status-counts': stateCounts(countStates(vertices.map(({ status }) => status))),
    plan: planJson(job),
    'pending-operators': 0,
  };
}

function durationOf({ submittedAt, endedAt }: JobSummary, now: number): number {
  return Math.max(0, (endedAt ?? now) - submittedAt);
}

function vertexOverview(job: ExecutionGraphInfo, vertex: VertexInfo, now: number): VertexOverview {
  const states = vertex.subtasks.map(({ state }) => state);
  return {
    id: vertex.vertexId,
    slotSharingGroupId: groupId(vertex.slotSharingGroup),
    name: vertex.name,
    maxParallelism: vertex.maxParallelism,
    parallelism: vertex.parallelism,
    status: vertexState(states),
    ...spanOf(vertex.subtasks, now),
    tasks: stateCounts(countStates(states)),
    metrics: ioMetrics(vertex.subtasks, positionOf(vertex, job.edges), now),
  };
}

export function countStates(states: readonly ExecutionState[]): Partial<Record<ExecutionState, number>> {
  const counts: Partial<Record<ExecutionState, number>> = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Flink's groups have ids of 32 hex digits; this one's are a function of the name. */
function groupId(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}
