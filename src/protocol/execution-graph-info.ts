import { z } from 'zod';
import { executionState, jobDetails, jobStatus, taskCounters } from './job-status.ts';
import * as s from './schema.ts';

/** A job as Flink's REST API shows it: its plan, what became of each attempt, its failures. Bounded by `base/limits.ts`. */

/** When each state was entered; those never reached are missing. */
const executionTimes = z.partialRecord(executionState, s.instant);

export const attemptInfo = z.object({
  attempt: s.attempt,
  state: executionState,
  taskManagerId: s.taskManagerId.optional(),
  times: executionTimes,
  counters: taskCounters.optional(),
});
export type AttemptInfo = z.infer<typeof attemptInfo>;

export const subtaskInfo = attemptInfo.extend({
  subtaskIndex: s.index,
  /** Earlier attempts, oldest first; only the newest of them are kept. */
  previous: z.array(attemptInfo),
});
export type SubtaskInfo = z.infer<typeof subtaskInfo>;

export const vertexInfo = z.object({
  vertexId: s.vertexId,
  name: z.string(),
  parallelism: s.positive,
  maxParallelism: s.positive,
  slotSharingGroup: z.string(),
  isSource: z.boolean(),
  operators: z.array(z.object({ id: s.operatorId, name: z.string(), kind: z.string() })),
  subtasks: z.array(subtaskInfo),
});
export type VertexInfo = z.infer<typeof vertexInfo>;

export const edgeInfo = z.object({
  source: s.vertexId,
  target: s.vertexId,
  targetInput: s.index,
  partition: z.string(),
});

/** The subtask that failed first, where one did. */
const failedTask = z.object({
  vertexId: s.vertexId,
  subtaskIndex: s.index,
  attempt: s.attempt,
  taskManagerId: s.taskManagerId.optional(),
});

export const failureInfo = z.object({
  at: s.instant,
  error: s.serializedError,
  task: failedTask.optional(),
  /** Others that failed before the job was running again. */
  concurrent: z.array(z.object({ at: s.instant, error: s.serializedError, task: failedTask })),
});
export type FailureInfo = z.infer<typeof failureInfo>;

export const executionGraphInfo = jobDetails.omit({ vertices: true }).extend({
  /** When the job entered each status last. */
  statusTimes: z.partialRecord(jobStatus, s.instant),
  lastModified: s.instant,
  batch: z.boolean(),
  configuration: s.configuration,
  vertices: z.array(vertexInfo),
  edges: z.array(edgeInfo),
  /** Newest first. */
  failures: z.array(failureInfo),
});
export type ExecutionGraphInfo = z.infer<typeof executionGraphInfo>;
