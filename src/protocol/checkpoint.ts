import { z } from 'zod';
import type { SourceSplit } from '../functions/source.ts';
import * as s from './schema.ts';

/** Checkpoints: what the checkpoint-coordinator tells subtasks and what they answer, and the state that travels with it. */

export const split = z.looseObject({ splitId: z.string() }) as unknown as z.ZodType<SourceSplit>;
const keyGroups = z.object({ start: z.int(), end: z.int() });
const bytes = z.instanceof(Uint8Array) as unknown as z.ZodType<Uint8Array>;

/** A file of a snapshot: its path in the store and its size in bytes. */
export const snapshotFile = z.object({ path: z.string(), size: s.count });
export type SnapshotFileRef = z.infer<typeof snapshotFile>;

/** What one operator of one subtask left: keyed state as a base and its deltas, oldest first; operator state encoded. */
export const operatorSubtaskState = z.object({
  operatorId: s.operatorId,
  keyed: z.object({ keyGroups, files: z.array(snapshotFile) }).optional(),
  /** Small ones as they are, others in a file of their own. */
  operatorState: z.union([bytes, snapshotFile]).optional(),
});
export type OperatorSubtaskState = z.infer<typeof operatorSubtaskState>;

/** What one subtask acknowledges: its operators, and for a source the splits it holds. */
export const subtaskState = z.object({
  operators: z.array(operatorSubtaskState),
  splits: z.array(split).optional(),
  /** Records that were on their way to the subtask, of an unaligned checkpoint. */
  inFlight: snapshotFile.optional(),
});
export type SubtaskState = z.infer<typeof subtaskState>;

/** Records that went through each channel before the barrier, by the channel's id: both ends must agree. */
export const channelTotals = z.object({
  sent: z.record(z.string(), s.count),
  received: z.record(z.string(), s.count),
});
export type ChannelTotals = z.infer<typeof channelTotals>;

/** Of one subtask's part of a checkpoint. */
export const snapshotMetrics = z.object({
  /** Bytes written for this checkpoint. */
  checkpointedBytes: z.number(),
  /** Bytes of all files that the state consists of now. */
  stateBytes: z.number(),
  /** From the first channel's barrier to the last one's, ms. */
  alignmentMs: z.number(),
  /** Meanwhile handed to the task, by channels that serialize; records that go by reference have no bytes. */
  processedBytes: z.number(),
  /** Of records on their way, which an unaligned checkpoint took up; part of `checkpointedBytes`. */
  persistedBytes: z.number(),
  /** Records waited this long for hooks of operators and functions, ms. */
  syncMs: z.number(),
  /** From then until everything was written, ms; records went on. */
  asyncMs: z.number(),
  /** Longest time the task's loop was held by writing rows, ms. */
  longestPauseMs: z.number(),
  /** From the trigger to the barrier's arrival here, ms by wall clocks. */
  startDelayMs: z.number(),
});
export type SnapshotMetrics = z.infer<typeof snapshotMetrics>;

const fence = { epoch: s.epoch, attempt: s.attempt, checkpointId: s.positive };

/** To a subtask that no barrier reaches: a source, or one whose inputs have all ended. */
export const triggerCheckpoint = z.object({
  type: z.literal('triggerCheckpoint'),
  ...fence,
  /** Wall time, ms. */
  timestamp: s.instant,
  /** `BARRIER_...` bits. */
  flags: s.count,
  /** Of a savepoint: where it goes; empty for a checkpoint. */
  location: z.string(),
});

/** The checkpoint is not to wait until what is in the channels has been processed. */
export const takeUnaligned = z.object({ type: z.literal('takeUnaligned'), ...fence });

/** The checkpoint is decided: it is durable, and what was written before its barrier may be committed. */
export const notifyCheckpointComplete = z.object({ type: z.literal('notifyCheckpointComplete'), ...fence });

/** The checkpoint was given up. */
export const notifyCheckpointAborted = z.object({ type: z.literal('notifyCheckpointAborted'), ...fence });

const from = {
  epoch: s.epoch,
  vertexId: s.vertexId,
  subtaskIndex: s.index,
  attempt: s.attempt,
};

/** A subtask's part is durable; repeated until acknowledged. */
export const acknowledgeCheckpoint = z.object({
  type: z.literal('acknowledgeCheckpoint'),
  ...from,
  checkpointId: s.positive,
  state: subtaskState,
  /** Of a source: assignments of splits that it had taken before the barrier. */
  assignmentsTaken: s.count,
  metrics: snapshotMetrics,
  channels: channelTotals,
});

/** A subtask cannot take part. */
export const declineCheckpoint = z.object({
  type: z.literal('declineCheckpoint'),
  ...from,
  checkpointId: s.positive,
  error: s.serializedError,
});

/** A subtask has handed on its last record and waits for one more checkpoint. */
export const endOfData = z.object({ type: z.literal('endOfData'), ...from });
