import { describe, expect, it } from 'vitest';
import type { VertexId } from '../base/ids.ts';
import type { CheckpointRecord, VertexRecord } from '../protocol/checkpoint-statistics.ts';
import type { SnapshotMetrics } from '../protocol/checkpoint.ts';
import { checkpointJson, statisticsJson, taskDetailJson } from './checkpoint-json.ts';
import { checkpoint, checkpointStatistics, taskCheckpointDetail } from './checkpoint-schemas.ts';

const metrics = (processedBytes: number, persistedBytes: number): SnapshotMetrics => ({
  checkpointedBytes: 100,
  stateBytes: 100,
  alignmentMs: 1.4,
  processedBytes,
  persistedBytes,
  syncMs: 0,
  asyncMs: 0,
  longestPauseMs: 0,
  startDelayMs: 0,
});

const RECORD: CheckpointRecord = {
  checkpointId: 3,
  kind: 'checkpoint',
  status: 'COMPLETED',
  unaligned: true,
  triggeredAt: 1_000,
  lastAcknowledgedAt: 1_050,
  durationMs: 50,
  subtasks: 3,
  acknowledged: 3,
  checkpointedBytes: 300,
  stateBytes: 300,
  processedBytes: 60,
  persistedBytes: 33,
};

const VERTEX: VertexRecord = {
  vertexId: 'v' as VertexId,
  subtasks: [
    { subtaskIndex: 0, acknowledgedAt: 1_020, metrics: metrics(20, 0) },
    { subtaskIndex: 1, acknowledgedAt: 1_050, metrics: metrics(40, 33) },
    { subtaskIndex: 2 },
  ],
};

describe('checkpoints over REST', () => {
  it('when bytes were processed and persisted as barriers came, then job, checkpoint, task and subtasks tell them', () => {
    const counts = { restored: 0, total: 1, inProgress: 0, completed: 1, failed: 0 };
    const statistics = statisticsJson({ counts, history: [RECORD], latest: { completed: RECORD } });
    expect(statistics.summary).toMatchObject({ processed_data: { max: 60 }, persisted_data: { max: 33 } });
    const whole = checkpointJson(RECORD, [VERTEX]);
    expect(whole).toMatchObject({ processed_data: 60, persisted_data: 33 });
    expect(whole.tasks['v']).toMatchObject({ processed_data: 60, persisted_data: 33 });
    const detail = taskDetailJson(RECORD, VERTEX);
    expect(detail.summary.alignment).toMatchObject({
      processed: { min: 20, max: 40, avg: 30 },
      persisted: { min: 0, max: 33 },
    });
    expect(detail.subtasks).toMatchObject([
      { alignment: { processed: 20, persisted: 0 } },
      { alignment: { processed: 40, persisted: 33 } },
      { className: 'pending' },
    ]);
    expect(checkpointStatistics.parse(statistics)).toEqual(statistics);
    expect(checkpoint.parse(whole)).toEqual(whole);
    expect(taskCheckpointDetail.parse(detail)).toEqual(detail);
  });

  it('when none is complete, then percentiles are no number, and the latest are null', () => {
    const counts = { restored: 0, total: 0, inProgress: 0, completed: 0, failed: 0 };
    const statistics = statisticsJson({ counts, history: [], latest: {} });
    expect(statistics.summary.processed_data).toMatchObject({ min: 0, p50: 'NaN', p999: 'NaN' });
    expect(statistics.latest).toEqual({ completed: null, savepoint: null, failed: null, restored: null });
    expect(checkpointStatistics.parse(statistics)).toEqual(statistics);
  });
});
