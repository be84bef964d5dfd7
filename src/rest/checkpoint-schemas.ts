import { z } from 'zod';
import { milliseconds, moment } from './job-schemas.ts';

/** Flink's shapes of checkpoints. */

const percentile = z.union([z.number(), z.literal('NaN')]);
export const stats = z
  .object({
    min: z.number(),
    max: z.number(),
    avg: z.number(),
    p50: percentile,
    p90: percentile,
    p95: percentile,
    p99: percentile,
    p999: percentile,
  })
  .meta({ id: 'Stats', description: 'Percentiles of nothing are "NaN".' });
export type Stats = z.infer<typeof stats>;

export const taskCheckpoint = z
  .object({
    id: z.int(),
    status: z.enum(['IN_PROGRESS', 'COMPLETED', 'FAILED']),
    latest_ack_timestamp: moment,
    checkpointed_size: z.number(),
    state_size: z.number(),
    end_to_end_duration: milliseconds,
    alignment_buffered: z.number().describe('Nothing is set aside: always 0.'),
    processed_data: z
      .number()
      .describe('Bytes handed to tasks between first and last barrier; records within a slot have none.'),
    persisted_data: z.number().describe('Bytes of records on their way, of an unaligned one.'),
    num_subtasks: z.int(),
    num_acknowledged_subtasks: z.int(),
  })
  .meta({ id: 'TaskCheckpoint' });
export type TaskCheckpoint = z.infer<typeof taskCheckpoint>;

export const checkpoint = taskCheckpoint
  .extend({
    className: z.enum(['in_progress', 'completed', 'failed']),
    is_savepoint: z.boolean(),
    savepointFormat: z.string().nullable(),
    trigger_timestamp: moment,
    checkpoint_type: z.enum(['CHECKPOINT', 'UNALIGNED_CHECKPOINT', 'SAVEPOINT']),
    tasks: z.record(z.string(), taskCheckpoint),
    external_path: z.string().nullable().optional().describe('Of a completed one.'),
    discarded: z.boolean().optional().describe('Of a completed one.'),
    failure_timestamp: moment.optional(),
    failure_message: z.string().nullable().optional(),
  })
  .meta({ id: 'Checkpoint' });
export type Checkpoint = z.infer<typeof checkpoint>;

export const checkpointStatistics = z.object({
  counts: z.object({
    restored: z.int(),
    total: z.int(),
    in_progress: z.int(),
    completed: z.int(),
    failed: z.int(),
  }),
  summary: z.object({
    checkpointed_size: stats,
    state_size: stats,
    end_to_end_duration: stats,
    alignment_buffered: stats,
    processed_data: stats,
    persisted_data: stats,
  }),
  latest: z.object({
    completed: checkpoint.nullable(),
    savepoint: checkpoint.nullable(),
    failed: checkpoint.nullable(),
    restored: z
      .object({
        id: z.int(),
        restore_timestamp: moment,
        is_savepoint: z.boolean(),
        external_path: z.string().nullable(),
      })
      .nullable(),
  }),
  history: z.array(checkpoint),
});
export type CheckpointStatisticsPage = z.infer<typeof checkpointStatistics>;

export const checkpointConfig = z.object({
  mode: z.string(),
  interval: z.number(),
  timeout: z.number(),
  min_pause: z.number(),
  max_concurrent: z.int(),
  externalization: z.object({ enabled: z.boolean(), delete_on_cancellation: z.boolean() }),
  state_backend: z.string(),
  checkpoint_storage: z.string(),
  unaligned_checkpoints: z.boolean(),
  tolerable_failed_checkpoints: z.int(),
  aligned_checkpoint_timeout: z.number(),
  checkpoints_after_tasks_finish: z.boolean(),
  state_changelog_enabled: z.boolean(),
  changelog_storage: z.string().nullable(),
  changelog_periodic_materialization_interval: z.number(),
});
export type CheckpointConfig = z.infer<typeof checkpointConfig>;

const subtaskCheckpoint = z.discriminatedUnion('className', [
  z.object({ className: z.literal('pending'), index: z.int(), status: z.literal('pending_or_failed') }),
  z.object({
    className: z.literal('completed'),
    index: z.int(),
    status: z.literal('completed'),
    ack_timestamp: moment,
    end_to_end_duration: milliseconds,
    checkpointed_size: z.number(),
    state_size: z.number(),
    checkpoint: z.object({ sync: milliseconds, async: milliseconds }),
    alignment: z.object({
      buffered: z.number(),
      processed: z.number(),
      persisted: z.number(),
      duration: milliseconds,
    }),
    start_delay: milliseconds,
    unaligned_checkpoint: z.boolean(),
    aborted: z.boolean(),
  }),
]);
export type SubtaskCheckpoint = z.infer<typeof subtaskCheckpoint>;

export const taskCheckpointDetail = taskCheckpoint.extend({
  summary: z.object({
    checkpointed_size: stats,
    state_size: stats,
    end_to_end_duration: stats,
    checkpoint_duration: z.object({ sync: stats, async: stats }),
    alignment: z.object({ buffered: stats, processed: stats, persisted: stats, duration: stats }),
    start_delay: stats,
  }),
  subtasks: z.array(subtaskCheckpoint),
});
export type TaskCheckpointDetail = z.infer<typeof taskCheckpointDetail>;
