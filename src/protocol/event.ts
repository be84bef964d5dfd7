import { z } from 'zod';
import * as s from './schema.ts';
import { alertInfo } from './alert.ts';
import { executionState, jobStatus } from './job-status.ts';

/**
 * State transitions, announced in JSON under `mr.<cluster>.event.>` for people and tools; nothing in Millrace depends
 * on them.
 */
export const jobStatusChanged = z.object({
  type: z.literal('jobStatusChanged'),
  at: s.instant,
  jobId: s.jobId,
  name: z.string(),
  from: jobStatus,
  to: jobStatus,
  error: s.serializedError.optional(),
});

export const executionStateChanged = z.object({
  type: z.literal('executionStateChanged'),
  at: s.instant,
  jobId: s.jobId,
  vertexId: s.vertexId,
  vertexName: z.string(),
  subtaskIndex: s.index,
  attempt: s.attempt,
  to: executionState,
  taskManagerId: s.taskManagerId.optional(),
  error: s.serializedError.optional(),
});

export const taskManagerStateChanged = z.object({
  type: z.literal('taskManagerStateChanged'),
  at: s.instant,
  taskManagerId: s.taskManagerId,
  to: z.enum(['REGISTERED', 'LOST', 'UNREGISTERED']),
  slots: s.count,
  reason: z.string().optional(),
});

export const leaderChanged = z.object({ type: z.literal('leaderChanged'), at: s.instant, epoch: s.epoch });

/** An alert of the JobManager began to fire, or is over. */
export const alertChanged = z.object({ type: z.literal('alertChanged'), at: s.instant, alert: alertInfo });

export const clusterEvent = z.discriminatedUnion('type', [
  jobStatusChanged,
  executionStateChanged,
  taskManagerStateChanged,
  leaderChanged,
  alertChanged,
]);
export type ClusterEvent = z.infer<typeof clusterEvent>;
