import type {
  CheckpointRecord,
  CheckpointStatistics,
  SubtaskRecord,
  VertexRecord,
} from '../protocol/checkpoint-statistics.ts';
import type { SnapshotMetrics } from '../protocol/checkpoint.ts';
import { percentile } from './aggregates.ts';
import type {
  Checkpoint,
  CheckpointStatisticsPage,
  Stats,
  SubtaskCheckpoint,
  TaskCheckpoint,
  TaskCheckpointDetail,
} from './checkpoint-schemas.ts';

/** Flink's CheckpointingStatistics. */
export function statisticsJson(statistics: CheckpointStatistics): CheckpointStatisticsPage {
  const { counts, history, latest, restored } = statistics;
  const completed = history.filter(({ status }) => status === 'COMPLETED');
  const over = (value: (record: CheckpointRecord) => number): Stats => stats(completed.map(value));
  const shown = (record: CheckpointRecord | undefined): Checkpoint | null =>
    record === undefined ? null : checkpointJson(record, []);
  return {
    counts: {
      restored: counts.restored,
      total: counts.total,
      in_progress: counts.inProgress,
      completed: counts.completed,
      failed: counts.failed,
    },
    summary: {
      checkpointed_size: over(({ checkpointedBytes }) => checkpointedBytes),
      state_size: over(({ stateBytes }) => stateBytes),
      end_to_end_duration: over(({ durationMs }) => Math.round(durationMs)),
      alignment_buffered: over(() => 0),
      processed_data: over(({ processedBytes }) => processedBytes),
      persisted_data: over(({ persistedBytes }) => persistedBytes),
    },
    latest: {
      completed: shown(latest.completed),
      savepoint: shown(latest.savepoint),
      failed: shown(latest.failed),
      restored:
        restored === undefined
          ? null
          : {
              id: restored.checkpointId,
              restore_timestamp: restored.at,
              is_savepoint: restored.isSavepoint,
              external_path: restored.path,
            },
    },
    history: history.map((record) => checkpointJson(record, [])),
  };
}

/** Flink's Checkpoint; `tasks` of the vertices that are given. */
export function checkpointJson(record: CheckpointRecord, vertices: readonly VertexRecord[]): Checkpoint {
  const { status, path } = record;
  const savepoint = record.kind === 'savepoint';
  return {
    className: status.toLowerCase() as Lowercase<typeof status>,
    ...common(record),
    is_savepoint: savepoint,
    savepointFormat: savepoint ? 'CANONICAL' : null,
    trigger_timestamp: record.triggeredAt,
    checkpoint_type: savepoint ? 'SAVEPOINT' : record.unaligned ? 'UNALIGNED_CHECKPOINT' : 'CHECKPOINT',
    tasks: Object.fromEntries(vertices.map((vertex) => [vertex.vertexId, taskJson(record, vertex)])),
    ...(status === 'COMPLETED' ? { external_path: path ?? null, discarded: false } : {}),
    ...(status === 'FAILED'
      ? { failure_timestamp: record.failedAt ?? record.triggeredAt, failure_message: record.failure ?? null }
      : {}),
  };
}

function common(record: CheckpointRecord): TaskCheckpoint {
  return {
    id: record.checkpointId,
    status: record.status,
    latest_ack_timestamp: record.lastAcknowledgedAt ?? -1,
    checkpointed_size: record.checkpointedBytes,
    state_size: record.stateBytes,
    end_to_end_duration: Math.round(record.durationMs),
    alignment_buffered: 0,
    processed_data: record.processedBytes,
    persisted_data: record.persistedBytes,
    num_subtasks: record.subtasks,
    num_acknowledged_subtasks: record.acknowledged,
  };
}

/** Flink's TaskCheckpoint: what one vertex did. */
export function taskJson(record: CheckpointRecord, { subtasks }: VertexRecord): TaskCheckpoint {
  const acknowledged = subtasks.filter(isAcknowledged);
  const last = Math.max(-1, ...acknowledged.map(({ acknowledgedAt }) => acknowledgedAt));
  const total = (of: keyof SnapshotMetrics): number =>
    acknowledged.reduce((sum, { metrics }) => sum + metrics[of], 0);
  return common({
    ...record,
    status: acknowledged.length === subtasks.length ? 'COMPLETED' : record.status,
    ...(last < 0 ? { lastAcknowledgedAt: undefined } : { lastAcknowledgedAt: last }),
    checkpointedBytes: total('checkpointedBytes'),
    stateBytes: total('stateBytes'),
    processedBytes: total('processedBytes'),
    persistedBytes: total('persistedBytes'),
    durationMs: last < 0 ? 0 : Math.max(0, last - record.triggeredAt),
    subtasks: subtasks.length,
    acknowledged: acknowledged.length,
  } as CheckpointRecord);
}

/** Flink's TaskCheckpoint with each subtask and what they come to. */
export function taskDetailJson(record: CheckpointRecord, vertex: VertexRecord): TaskCheckpointDetail {
  const acknowledged = vertex.subtasks.filter(isAcknowledged);
  const over = (of: keyof SnapshotMetrics): Stats =>
    stats(acknowledged.map(({ metrics }) => Math.round(metrics[of])));
  return {
    ...taskJson(record, vertex),
    summary: {
      checkpointed_size: over('checkpointedBytes'),
      state_size: over('stateBytes'),
      end_to_end_duration: stats(
        acknowledged.map(({ acknowledgedAt }) => acknowledgedAt - record.triggeredAt),
      ),
      checkpoint_duration: { sync: over('syncMs'), async: over('asyncMs') },
      alignment: {
        buffered: stats(acknowledged.map(() => 0)),
        processed: over('processedBytes'),
        persisted: over('persistedBytes'),
        duration: over('alignmentMs'),
      },
      start_delay: over('startDelayMs'),
    },
    subtasks: vertex.subtasks.map((subtask) => subtaskJson(record, subtask)),
  };
}

function subtaskJson(record: CheckpointRecord, subtask: SubtaskRecord): SubtaskCheckpoint {
  const { subtaskIndex: index } = subtask;
  if (!isAcknowledged(subtask)) return { className: 'pending', index, status: 'pending_or_failed' };
  const { acknowledgedAt, metrics } = subtask;
  return {
    className: 'completed',
    index,
    status: 'completed',
    ack_timestamp: acknowledgedAt,
    end_to_end_duration: Math.max(0, acknowledgedAt - record.triggeredAt),
    checkpointed_size: metrics.checkpointedBytes,
    state_size: metrics.stateBytes,
    checkpoint: { sync: Math.round(metrics.syncMs), async: Math.round(metrics.asyncMs) },
    alignment: {
      buffered: 0,
      processed: metrics.processedBytes,
      persisted: metrics.persistedBytes,
      duration: Math.round(metrics.alignmentMs),
    },
    start_delay: Math.max(0, Math.round(metrics.startDelayMs)),
    unaligned_checkpoint: record.unaligned,
    aborted: false,
  };
}

type Acknowledged = SubtaskRecord & { readonly acknowledgedAt: number; readonly metrics: SnapshotMetrics };

function isAcknowledged(subtask: SubtaskRecord): subtask is Acknowledged {
  return subtask.acknowledgedAt !== undefined && subtask.metrics !== undefined;
}

/** Flink's Stats. Percentiles of nothing are no number, which JSON writes as text. */
export function stats(values: readonly number[]): Stats {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number | 'NaN' => (sorted.length === 0 ? 'NaN' : percentile(sorted, share));
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
    avg: sorted.length === 0 ? 0 : Math.round(sum / sorted.length),
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
  };
}
