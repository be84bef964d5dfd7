import { z } from 'zod';
import * as s from './schema.ts';

/** Job-manager to a slot, on `mr.<cluster>.tm.<tmId>.slot.<n>`: deployments and cancellation. */

/** Where subtasks run: [TaskManager id, process id, slot]. Deployments point into a table of these. */
export const location = z.tuple([s.taskManagerId, s.processId, s.index]);
/** A peer of this subtask on one edge: [subtask index, index into `locations`]. */
export const peer = z.tuple([s.index, s.index]);

/** One edge into or out of the subtask with the peers at its other end. */
export const gate = z.object({
  edgeId: s.edgeId,
  targetInput: s.index,
  peerVertexId: s.vertexId,
  /** Key groups of the edge: max parallelism of its target. */
  maxParallelism: s.positive,
  peers: z.array(peer),
});
export type Gate = z.infer<typeof gate>;

/** What all subtasks of a job have in common. Functions come from the module, rebuilt and checked by `graphHash`. */
export const jobInformation = z.object({
  jobId: s.jobId,
  jobName: z.string(),
  moduleSha256: s.sha256,
  graphHash: z.string(),
  configuration: s.configuration,
  /** Folder of the job's checkpoints. */
  checkpointsUri: z.string(),
  /** Whether checkpoints are taken: a subtask whose input has ended then waits for one more. */
  periodicCheckpoints: z.boolean(),
});
export type JobInformation = z.infer<typeof jobInformation>;

/** One subtask to run. */
export const deployment = z.object({
  attempt: s.attempt,
  vertexId: s.vertexId,
  subtaskIndex: s.index,
  parallelism: s.positive,
  maxParallelism: s.positive,
  inputs: z.array(gate),
  outputs: z.array(gate),
});
export type Deployment = z.infer<typeof deployment>;

/** A manifest to go on from: its path in the store at `uri`, and whether it is a completed snapshot of the job itself. */
export const restoreLocation = z.object({ uri: z.string(), path: z.string(), own: z.boolean().optional() });
export type RestoreLocation = z.infer<typeof restoreLocation>;

/** Deploys the subtasks of one slot; sending it again is harmless. */
export const submitTasks = z.object({
  type: z.literal('submitTasks'),
  epoch: s.epoch,
  allocationId: s.allocationId,
  job: jobInformation,
  locations: z.array(location),
  tasks: z.array(deployment),
  /** Missing where the subtasks begin anew. */
  restore: restoreLocation.optional(),
});
export type SubmitTasks = z.infer<typeof submitTasks>;
export const tasksAccepted = z.object({ type: z.literal('tasksAccepted'), allocationId: s.allocationId });

/** Cancels subtasks of one attempt; one that is not deployed (yet) is reported CANCELED and never starts. */
export const cancelTasks = z.object({
  type: z.literal('cancelTasks'),
  epoch: s.epoch,
  allocationId: s.allocationId,
  jobId: s.jobId,
  tasks: z.array(z.object({ vertexId: s.vertexId, subtaskIndex: s.index, attempt: s.attempt })),
});
export type CancelTasks = z.infer<typeof cancelTasks>;
export const cancelAccepted = z.object({ type: z.literal('cancelAccepted'), allocationId: s.allocationId });

export const slotRequest = z.discriminatedUnion('type', [submitTasks, cancelTasks]);
export type SlotRequest = z.infer<typeof slotRequest>;

export const slotReply = z.discriminatedUnion('type', [tasksAccepted, cancelAccepted, s.fenced, s.refused]);
export type SlotReply = z.infer<typeof slotReply>;
