import { z } from 'zod';
import * as s from './schema.ts';

/** States of a job, as Flink's `JobStatus`. */
export const JOB_STATUSES = [
  'INITIALIZING',
  'CREATED',
  'RUNNING',
  'FAILING',
  'FAILED',
  'CANCELLING',
  'CANCELED',
  'FINISHED',
  'RESTARTING',
  'SUSPENDED',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** States of a subtask's attempt, as Flink's `ExecutionState`. */
export const EXECUTION_STATES = [
  'CREATED',
  'SCHEDULED',
  'DEPLOYING',
  'INITIALIZING',
  'RUNNING',
  'FINISHED',
  'CANCELING',
  'CANCELED',
  'FAILED',
] as const;
export type ExecutionState = (typeof EXECUTION_STATES)[number];

/** Whether a job in this state never changes again. */
export function isGloballyTerminal(status: JobStatus): boolean {
  return status === 'FINISHED' || status === 'FAILED' || status === 'CANCELED';
}

/** Whether a subtask's attempt in this state never changes again. */
export function isTerminal(state: ExecutionState): boolean {
  return state === 'FINISHED' || state === 'FAILED' || state === 'CANCELED';
}

export const jobStatus = z.enum(JOB_STATUSES);
export const executionState = z.enum(EXECUTION_STATES);

/** Counts that a subtask reports; all monotone within an attempt except the watermark. */
export const taskCounters = z.object({
  numRecordsIn: z.number(),
  numRecordsOut: z.number(),
  numBytesIn: z.number(),
  numBytesOut: z.number(),
  numLateRecordsDropped: z.number(),
  numWatermarksBackwards: z.number(),
  numRecordsInErrors: z.number(),
  numRecordsOutMistyped: z.number(),
  successfulCommittables: z.number(),
  retriedCommittables: z.number(),
  pendingCommittables: z.number(),
  busyMs: z.number(),
  backPressuredMs: z.number(),
  currentInputWatermark: z.number(),
});

export const jobSummary = z.object({
  jobId: s.jobId,
  name: z.string(),
  status: jobStatus,
  submittedAt: s.instant,
  endedAt: s.instant.optional(),
  tasksTotal: s.count,
  tasksRunning: s.count,
  /** Subtasks in each state that occurs. */
  taskStates: z.partialRecord(executionState, s.count),
  /** When the job or one of its subtasks changed its state last. */
  lastModified: s.instant,
});
export type JobSummary = z.infer<typeof jobSummary>;

export const subtaskDetails = z.object({
  subtaskIndex: s.index,
  attempt: s.attempt,
  state: executionState,
  taskManagerId: s.taskManagerId.optional(),
  slot: s.index.optional(),
  counters: taskCounters.optional(),
});

export const vertexDetails = z.object({
  vertexId: s.vertexId,
  name: z.string(),
  parallelism: s.positive,
  maxParallelism: s.positive,
  subtasks: z.array(subtaskDetails),
});
export type VertexDetails = z.infer<typeof vertexDetails>;

export const jobDetails = jobSummary.extend({
  restarts: s.count,
  /** Why the job failed, or why it restarted last. */
  failure: s.serializedError.optional(),
  vertices: z.array(vertexDetails),
  /** Rows of `collect()` that can be fetched. */
  results: s.count,
});
export type JobDetails = z.infer<typeof jobDetails>;
