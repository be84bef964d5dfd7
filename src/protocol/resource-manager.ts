import { z } from 'zod';
import * as s from './schema.ts';
import { taskManagerHardware } from './task-manager-info.ts';

/** TaskManagers and job-managers to the resource-manager, on `mr.<cluster>.resourcemanager`, with its answers. */

export const SLOT_STATES = ['free', 'allocated', 'active', 'releasing'] as const;

/** One slot as its TaskManager sees it. */
export const slotStatus = z.object({
  slot: s.index,
  state: z.enum(SLOT_STATES),
  allocationId: s.allocationId.optional(),
  jobId: s.jobId.optional(),
});
export type SlotStatus = z.infer<typeof slotStatus>;

export const registerTaskManager = z.object({
  type: z.literal('registerTaskManager'),
  taskManagerId: s.taskManagerId,
  /** TaskManagers of one operating-system process exchange records through shared memory. */
  processId: s.processId,
  host: z.string(),
  hardware: taskManagerHardware.optional(),
  slots: z.array(slotStatus),
});
export const taskManagerRegistered = z.object({
  type: z.literal('taskManagerRegistered'),
  epoch: s.epoch,
});

/** The TaskManager's heartbeat; carries its slot report. */
export const slotReport = z.object({
  type: z.literal('slotReport'),
  taskManagerId: s.taskManagerId,
  epoch: s.epoch,
  slots: z.array(slotStatus),
});
export const slotReportAccepted = z.object({ type: z.literal('slotReportAccepted'), epoch: s.epoch });

export const unregisterTaskManager = z.object({
  type: z.literal('unregisterTaskManager'),
  taskManagerId: s.taskManagerId,
  reason: z.string(),
});
export const taskManagerUnregistered = z.object({ type: z.literal('taskManagerUnregistered') });

/** A job-manager states how many slots its job needs in all; 0 when it ends. Repeated while slots are missing. */
export const declareRequiredSlots = z.object({
  type: z.literal('declareRequiredSlots'),
  epoch: s.epoch,
  jobId: s.jobId,
  required: s.count,
});
export const requiredSlotsAccepted = z.object({
  type: z.literal('requiredSlotsAccepted'),
  /** Slots of all registered TaskManagers. */
  slotsTotal: s.count,
  slotsAvailable: s.count,
});

/** A job-manager found nobody at a TaskManager's address: its slots are of no use to any job, long before its heartbeat is missed. */
export const reportUnreachable = z.object({
  type: z.literal('reportUnreachable'),
  epoch: s.epoch,
  taskManagerId: s.taskManagerId,
});
export const unreachableNoted = z.object({ type: z.literal('unreachableNoted') });

export const resourceManagerRequest = z.discriminatedUnion('type', [
  registerTaskManager,
  slotReport,
  unregisterTaskManager,
  declareRequiredSlots,
  reportUnreachable,
]);
export type ResourceManagerRequest = z.infer<typeof resourceManagerRequest>;

export const resourceManagerReply = z.discriminatedUnion('type', [
  taskManagerRegistered,
  slotReportAccepted,
  taskManagerUnregistered,
  requiredSlotsAccepted,
  unreachableNoted,
  s.fenced,
  s.refused,
]);
export type ResourceManagerReply = z.infer<typeof resourceManagerReply>;
