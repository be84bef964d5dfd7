import { z } from 'zod';
import { acknowledgeCheckpoint, declineCheckpoint, endOfData } from './checkpoint.ts';
import * as s from './schema.ts';
import { executionState, taskCounters } from './job-status.ts';
import { acknowledged } from './subtask.ts';

/** TaskManagers, subtasks and the resource-manager to a job-manager, on `mr.<cluster>.job.<jobId>`, with its answers. */

/** A TaskManager offers slots that the resource-manager granted to this job. */
export const offerSlots = z.object({
  type: z.literal('offerSlots'),
  epoch: s.epoch,
  taskManagerId: s.taskManagerId,
  processId: s.processId,
  slots: z.array(z.object({ slot: s.index, allocationId: s.allocationId })),
});
/** Slots not accepted are freed by the TaskManager. */
export const slotsAccepted = z.object({
  type: z.literal('slotsAccepted'),
  accepted: z.array(s.allocationId),
});

/** Which subtask's attempt speaks. */
const executionRef = {
  epoch: s.epoch,
  vertexId: s.vertexId,
  subtaskIndex: s.index,
  attempt: s.attempt,
};

/** A subtask changed its state; repeated until acknowledged. */
export const taskStateChanged = z.object({
  type: z.literal('taskStateChanged'),
  ...executionRef,
  state: executionState,
  error: s.serializedError.optional(),
  counters: taskCounters.optional(),
});

/** Periodic counters; not acknowledged. */
export const taskProgress = z.object({
  type: z.literal('taskProgress'),
  ...executionRef,
  counters: taskCounters,
});

/** A reader asks for splits. `requestId` counts up per attempt: a repeated one is only acknowledged. */
export const requestSplit = z.object({
  type: z.literal('requestSplit'),
  ...executionRef,
  requestId: s.count,
});

/** A source's subtask tells how far it has read; repeated at the interval of its group, whatever became of the last one. */
export const reportWatermark = z.object({
  type: z.literal('reportWatermark'),
  ...executionRef,
  /** Missing where the subtask holds nobody back: it is idle, has nothing to read, or has read all. */
  watermark: z.number().optional(),
  /** When it reports again; ms. One that is silent for much longer holds nobody back any more. */
  intervalMs: z.number().positive(),
});
/** How far the others of the group are. */
export const watermarksAligned = z.object({
  type: z.literal('watermarksAligned'),
  /** The smallest watermark among them; missing where none holds anybody back. */
  othersMinimum: z.number().optional(),
});

/** Rows of `collect()`. `sequence` counts up per subtask and attempt: a repeated one is only acknowledged. */
export const collectRows = z.object({
  type: z.literal('collectRows'),
  ...executionRef,
  collectId: z.string(),
  sequence: s.count,
  rows: z.array(z.unknown()),
  /** The subtask goes on from a checkpoint: of what it delivered before, so many rows hold. */
  resumeAt: s.count.optional(),
});

/** The resource-manager lost a TaskManager: all slots there are gone. */
export const taskManagerLost = z.object({
  type: z.literal('taskManagerLost'),
  epoch: s.epoch,
  taskManagerId: s.taskManagerId,
  reason: z.string(),
});

/** A TaskManager lost slots of this job (a thread died). */
export const slotsLost = z.object({
  type: z.literal('slotsLost'),
  epoch: s.epoch,
  taskManagerId: s.taskManagerId,
  allocationIds: z.array(s.allocationId),
  error: s.serializedError,
});

export const jobManagerRequest = z.discriminatedUnion('type', [
  offerSlots,
  taskStateChanged,
  taskProgress,
  requestSplit,
  reportWatermark,
  collectRows,
  taskManagerLost,
  slotsLost,
  acknowledgeCheckpoint,
  declineCheckpoint,
  endOfData,
]);
export type JobManagerRequest = z.infer<typeof jobManagerRequest>;

export const jobManagerReply = z.discriminatedUnion('type', [
  slotsAccepted,
  watermarksAligned,
  acknowledged,
  s.fenced,
  s.refused,
]);
export type JobManagerReply = z.infer<typeof jobManagerReply>;
