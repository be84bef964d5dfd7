import { z } from 'zod';
import * as s from './schema.ts';
import { checkpointStatistics } from './checkpoint-statistics.ts';
import { executionGraphInfo } from './execution-graph-info.ts';
import { jobDetails, jobSummary } from './job-status.ts';
import { rescaling, resourceRequirements } from './rescaling.ts';
import { taskManagerInfo } from './task-manager-info.ts';

/**
 * Client to dispatcher, on `mr.<cluster>.dispatcher`. Public protocol: any NATS client may speak it, in msgpack or,
 * with the header `Content-Type: application/json`, in JSON; the answer comes in the same encoding.
 */

/** A bundled module: its address in the artifact store, or its source, which the dispatcher stores. */
export const jobModule = z.union([
  z.strictObject({ sha256: s.sha256 }),
  z.strictObject({ source: z.string().min(1) }),
]);
export type JobModule = z.infer<typeof jobModule>;

/** Submits a job. Sending the same `jobId` again is answered as the first time: safe to retry. */
export const submitJob = z.strictObject({
  type: z.literal('submitJob'),
  jobId: s.jobId.optional(),
  module: jobModule,
  configuration: s.configuration.optional(),
});
export const jobSubmitted = z.object({ type: z.literal('jobSubmitted'), jobId: s.jobId, name: z.string() });

export const listJobs = z.strictObject({ type: z.literal('listJobs') });
export const jobList = z.object({ type: z.literal('jobList'), jobs: z.array(jobSummary) });

export const requestJobDetails = z.strictObject({ type: z.literal('requestJobDetails'), jobId: s.jobId });
export const jobDetailsReply = z.object({ type: z.literal('jobDetails'), job: jobDetails });

/** All that is known of a job: its plan, attempts, failures. */
export const requestExecutionGraph = z.strictObject({
  type: z.literal('requestExecutionGraph'),
  jobId: s.jobId,
});
export const executionGraphReply = z.object({
  type: z.literal('executionGraph'),
  job: executionGraphInfo,
});

/** What is known of a job's checkpoints; `checkpointId`: and of each subtask's part in that one. */
export const requestCheckpointStatistics = z.strictObject({
  type: z.literal('requestCheckpointStatistics'),
  jobId: s.jobId,
  checkpointId: s.positive.optional(),
});
export const checkpointStatisticsReply = z.object({
  type: z.literal('checkpointStatistics'),
  statistics: checkpointStatistics,
});

/** The TaskManagers that are registered. */
export const listTaskManagers = z.strictObject({ type: z.literal('listTaskManagers') });
export const taskManagerList = z.object({
  type: z.literal('taskManagerList'),
  taskManagers: z.array(taskManagerInfo),
});

export const cancelJob = z.strictObject({ type: z.literal('cancelJob'), jobId: s.jobId });
export const cancelAccepted = z.object({ type: z.literal('cancelAccepted'), jobId: s.jobId });

/** Changes what parallelism a job may have, where `jobmanager.scheduler` is adaptive; it is rescaled a moment later. */
export const updateResourceRequirements = z.strictObject({
  type: z.literal('updateResourceRequirements'),
  jobId: s.jobId,
  requirements: resourceRequirements,
});
export const requirementsUpdated = z.object({ type: z.literal('requirementsUpdated'), jobId: s.jobId });

export const requestRescaling = z.strictObject({ type: z.literal('requestRescaling'), jobId: s.jobId });
export const rescalingReply = z.object({ type: z.literal('rescaling'), rescaling });

/** A FULL one is a base that later ones build on; an INCREMENTAL one is written in full where there is nothing to build on. */
export const checkpointType = z.enum(['CONFIGURED', 'FULL', 'INCREMENTAL']);
export type CheckpointType = z.infer<typeof checkpointType>;

/**
 * Takes a checkpoint or savepoint now. `requestId` names the request, so that repeating it is safe; the outcome is asked for
 * by `requestSnapshotStatus`. `stop` ends the job when the savepoint is complete, `drain` lets windows and timers fire first.
 */
export const triggerSnapshot = z.strictObject({
  type: z.literal('triggerSnapshot'),
  jobId: s.jobId,
  requestId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  kind: z.enum(['checkpoint', 'savepoint']),
  /** Folder under which the savepoint gets one of its own; default `execution.checkpointing.savepoint-dir`. */
  directory: z.string().max(4_096).optional(),
  stop: z.boolean().optional(),
  drain: z.boolean().optional(),
  /** Of a checkpoint: whether it holds all state, or what changed; default as the job is configured. */
  checkpointType: checkpointType.optional(),
});
export const snapshotTriggered = z.object({ type: z.literal('snapshotTriggered'), requestId: z.string() });

export const requestSnapshotStatus = z.strictObject({
  type: z.literal('requestSnapshotStatus'),
  jobId: s.jobId,
  requestId: z.string(),
});
export const snapshotStatus = z.object({
  type: z.literal('snapshotStatus'),
  state: z.enum(['IN_PROGRESS', 'COMPLETED', 'FAILED']),
  /** Where it is, once it is complete. */
  location: z.string().optional(),
  error: s.serializedError.optional(),
});

/** Reads rows of `collect()`, `from` an offset. A new `attempt` in the answer voids all rows read before. */
export const fetchResults = z.strictObject({
  type: z.literal('fetchResults'),
  jobId: s.jobId,
  collectId: z.string(),
  from: s.count,
  max: s.positive,
});
export const results = z.object({
  type: z.literal('results'),
  attempt: s.attempt,
  from: s.count,
  rows: z.array(z.unknown()),
  /** No further rows will come in this attempt. */
  complete: z.boolean(),
});

export const requestClusterOverview = z.strictObject({ type: z.literal('requestClusterOverview') });
export const clusterOverview = z.object({
  type: z.literal('clusterOverview'),
  epoch: s.epoch,
  taskManagers: s.count,
  slotsTotal: s.count,
  slotsAvailable: s.count,
  /** URL of the REST API, where it is served. */
  rest: z.string().optional(),
});

export const clientRequest = z.discriminatedUnion('type', [
  submitJob,
  listJobs,
  requestJobDetails,
  requestExecutionGraph,
  requestCheckpointStatistics,
  listTaskManagers,
  cancelJob,
  updateResourceRequirements,
  requestRescaling,
  triggerSnapshot,
  requestSnapshotStatus,
  fetchResults,
  requestClusterOverview,
]);
export type ClientRequest = z.infer<typeof clientRequest>;

export const dispatcherReply = z.discriminatedUnion('type', [
  jobSubmitted,
  jobList,
  jobDetailsReply,
  executionGraphReply,
  checkpointStatisticsReply,
  taskManagerList,
  cancelAccepted,
  requirementsUpdated,
  rescalingReply,
  snapshotTriggered,
  snapshotStatus,
  results,
  clusterOverview,
  s.refused,
]);
export type DispatcherReply = z.infer<typeof dispatcherReply>;
