import { z } from 'zod';
import {
  notifyCheckpointAborted,
  notifyCheckpointComplete,
  takeUnaligned,
  triggerCheckpoint,
} from './checkpoint.ts';
import * as s from './schema.ts';

/** Job-manager to a subtask, on `mr.<cluster>.job.<jobId>.<epoch>.<attempt>.task.<vertex>.<index>`: leader and attempt are in the subject. */

export const sourceSplit = z.looseObject({ splitId: z.string() });

/** Splits for a source subtask. `assignmentId` counts up per subtask and attempt: a repeated one is only acknowledged. */
export const assignSplits = z.object({
  type: z.literal('assignSplits'),
  epoch: s.epoch,
  attempt: s.attempt,
  assignmentId: s.count,
  splits: z.array(sourceSplit),
  noMoreSplits: z.boolean(),
});

export const subtaskRequest = z.discriminatedUnion('type', [
  assignSplits,
  triggerCheckpoint,
  takeUnaligned,
  notifyCheckpointComplete,
  notifyCheckpointAborted,
]);
export type SubtaskRequest = z.infer<typeof subtaskRequest>;

export const acknowledged = z.object({ type: z.literal('acknowledged') });
export const subtaskReply = z.discriminatedUnion('type', [acknowledged, s.fenced, s.refused]);
export type SubtaskReply = z.infer<typeof subtaskReply>;
