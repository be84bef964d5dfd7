import { z } from 'zod';
import * as s from './schema.ts';
import { slotStatus } from './resource-manager.ts';

/** Resource-manager and job-managers to a TaskManager, on `mr.<cluster>.tm.<tmId>`, with its answers. */

/** The resource-manager grants a slot to a job; the TaskManager then offers it to the job-manager. */
export const allocateSlot = z.object({
  type: z.literal('allocateSlot'),
  epoch: s.epoch,
  slot: s.index,
  allocationId: s.allocationId,
  jobId: s.jobId,
});
export const slotAllocated = z.object({ type: z.literal('slotAllocated'), allocationId: s.allocationId });

/** The job-manager gives a slot back. */
export const freeSlot = z.object({
  type: z.literal('freeSlot'),
  epoch: s.epoch,
  allocationId: s.allocationId,
  reason: z.string(),
});
export const slotFreed = z.object({ type: z.literal('slotFreed'), allocationId: s.allocationId });

/** Heartbeat of a job-manager; a TaskManager that hears none for `heartbeat.timeout` frees the job's slots. */
export const jobManagerHeartbeat = z.object({
  type: z.literal('jobManagerHeartbeat'),
  epoch: s.epoch,
  jobId: s.jobId,
});
/** The slots that the job holds here: one that the job-manager does not know is given back, a missing one is lost. */
export const jobManagerHeartbeatReply = z.object({
  type: z.literal('jobManagerHeartbeatReply'),
  slots: z.array(slotStatus),
});

/** The resource-manager was told that nobody answers here, and looks for itself. */
export const probeTaskManager = z.object({ type: z.literal('probeTaskManager'), epoch: s.epoch });
export const taskManagerPresent = z.object({ type: z.literal('taskManagerPresent') });

export const taskManagerRequest = z.discriminatedUnion('type', [
  allocateSlot,
  freeSlot,
  jobManagerHeartbeat,
  probeTaskManager,
]);
export type TaskManagerRequest = z.infer<typeof taskManagerRequest>;

export const taskManagerReply = z.discriminatedUnion('type', [
  slotAllocated,
  slotFreed,
  jobManagerHeartbeatReply,
  taskManagerPresent,
  s.fenced,
  s.refused,
]);
export type TaskManagerReply = z.infer<typeof taskManagerReply>;
