import { z } from 'zod';
import { snapshotMetrics } from './checkpoint.ts';
import * as s from './schema.ts';

/** What is known of a job's checkpoints and savepoints. Sizes in bytes, durations in ms, moments in wall time. */

export const checkpointRecord = z.object({
  checkpointId: s.positive,
  kind: z.enum(['checkpoint', 'savepoint']),
  status: z.enum(['IN_PROGRESS', 'COMPLETED', 'FAILED']),
  /** It took up what was in the channels. */
  unaligned: z.boolean(),
  triggeredAt: s.instant,
  /** Missing before the first subtask has acknowledged. */
  lastAcknowledgedAt: s.instant.optional(),
  durationMs: z.number(),
  subtasks: s.count,
  acknowledged: s.count,
  checkpointedBytes: z.number(),
  stateBytes: z.number(),
  processedBytes: z.number(),
  persistedBytes: z.number(),
  /** Of a completed one. */
  path: z.string().optional(),
  /** Of a failed one. */
  failedAt: s.instant.optional(),
  failure: z.string().optional(),
});
export type CheckpointRecord = z.infer<typeof checkpointRecord>;

/** One subtask's part; `metrics` is missing until it has acknowledged. */
export const subtaskRecord = z.object({
  subtaskIndex: s.index,
  acknowledgedAt: s.instant.optional(),
  metrics: snapshotMetrics.optional(),
});
export type SubtaskRecord = z.infer<typeof subtaskRecord>;

export const vertexRecord = z.object({ vertexId: s.vertexId, subtasks: z.array(subtaskRecord) });
export type VertexRecord = z.infer<typeof vertexRecord>;

export const checkpointStatistics = z.object({
  counts: z.object({
    restored: s.count,
    total: s.count,
    inProgress: s.count,
    completed: s.count,
    failed: s.count,
  }),
  /** Newest first; `web.checkpoints.history` at most. */
  history: z.array(checkpointRecord),
  latest: z.object({
    completed: checkpointRecord.optional(),
    savepoint: checkpointRecord.optional(),
    failed: checkpointRecord.optional(),
  }),
  restored: z
    .object({ checkpointId: s.count, at: s.instant, isSavepoint: z.boolean(), path: z.string() })
    .optional(),
  /** As the job has it, by itself or by the configuration; missing: none by themselves. */
  intervalMs: z.number().optional(),
  /** Of the checkpoint that was asked for, where it is still remembered. */
  vertices: z.array(vertexRecord).optional(),
});
export type CheckpointStatistics = z.infer<typeof checkpointStatistics>;
