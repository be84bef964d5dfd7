import { describe, expect, it } from 'vitest';
import type { VertexId } from '../../base/ids.ts';
import type { SnapshotMetrics } from '../../protocol/checkpoint.ts';
import type { ExecutionRef } from '../scheduler/state.ts';
import { CheckpointHistory } from './history.ts';
import type { CompletedCheckpoint } from './state.ts';

const ref = (subtaskIndex: number): ExecutionRef => ({ vertexId: 'v' as VertexId, subtaskIndex, attempt: 0 });
const METRICS: SnapshotMetrics = {
  checkpointedBytes: 10,
  stateBytes: 100,
  alignmentMs: 1,
  processedBytes: 7,
  persistedBytes: 5,
  syncMs: 2,
  asyncMs: 3,
  longestPauseMs: 1,
  startDelayMs: 4,
};
const completed = (
  checkpointId: number,
  kind: 'checkpoint' | 'savepoint' = 'checkpoint',
): CompletedCheckpoint => ({
  checkpointId,
  kind,
  path: '',
  manifestChecksum: '',
  files: [],
  timestamp: 0,
  durationMs: 55,
  stateBytes: 0,
  checkpointedBytes: 0,
});

describe('CheckpointHistory', () => {
  it('when subtasks acknowledge, then the record adds up what they wrote, each once', () => {
    const history = new CheckpointHistory(10);
    history.triggered(1, false, [ref(0), ref(1)], 1_000);
    history.acknowledged(1, ref(0), METRICS, 1_020);
    history.acknowledged(1, ref(0), METRICS, 1_030);
    const { counts, history: records, vertices } = history.statistics(500, 1);
    expect(counts).toEqual({ restored: 0, total: 1, inProgress: 1, completed: 0, failed: 0 });
    expect(records).toMatchObject([
      {
        status: 'IN_PROGRESS',
        subtasks: 2,
        acknowledged: 1,
        checkpointedBytes: 10,
        stateBytes: 100,
        processedBytes: 7,
        persistedBytes: 5,
        durationMs: 20,
      },
    ]);
    expect(vertices).toEqual([
      {
        vertexId: 'v',
        subtasks: [{ subtaskIndex: 0, acknowledgedAt: 1_020, metrics: METRICS }, { subtaskIndex: 1 }],
      },
    ]);
  });

  it('when checkpoints complete and fail, then the latest of each kind is known, and how many there were', () => {
    const history = new CheckpointHistory(2);
    for (const id of [1, 2, 3, 4]) history.triggered(id, id === 2, [ref(0)], id * 1_000);
    history.completed(completed(1), '/chk-1');
    history.completed(completed(2, 'savepoint'), '/savepoint');
    history.failed(3, 'disk is full', 3_500);
    history.failed(3, 'again', 3_600);
    history.triggered(5, false, [ref(0)], 5_000);
    history.completed(completed(5), '/chk-5');
    const { counts, latest, history: records, vertices } = history.statistics(undefined, 1);
    expect(counts).toEqual({ restored: 0, total: 5, inProgress: 1, completed: 3, failed: 1 });
    expect(latest).toMatchObject({
      completed: { checkpointId: 5, path: '/chk-5', durationMs: 55 },
      savepoint: { checkpointId: 2, path: '/savepoint' },
      failed: { checkpointId: 3, failure: 'disk is full', failedAt: 3_500, durationMs: 500 },
    });
    expect(records.map(({ checkpointId }) => checkpointId)).toEqual([5, 4]);
    expect(vertices).toBeUndefined();
  });

  it('when more are under way than are kept, then none of those is forgotten', () => {
    const history = new CheckpointHistory(1);
    for (const id of [1, 2, 3]) history.triggered(id, false, [ref(0)], id);
    expect(history.statistics(undefined, undefined).history).toHaveLength(3);
  });

  it('when the job ends, then what was under way has failed, and what was over stays as it was', () => {
    const history = new CheckpointHistory(10);
    for (const id of [1, 2]) history.triggered(id, false, [ref(0)], id);
    history.completed(completed(1), '/chk-1');
    history.ended('the job has ended', 9);
    const { counts, history: records } = history.statistics(undefined, undefined);
    expect(counts).toMatchObject({ inProgress: 0, completed: 1, failed: 1 });
    expect(records.map(({ status, failure }) => [status, failure])).toEqual([
      ['FAILED', 'the job has ended'],
      ['COMPLETED', undefined],
    ]);
  });

  it('when the job begins from one, then that is told', () => {
    const history = new CheckpointHistory(1);
    const restored = { checkpointId: 7, at: 1, isSavepoint: true, path: '/savepoint' };
    history.restoredFrom(restored);
    expect(history.statistics(undefined, undefined)).toMatchObject({ counts: { restored: 1 }, restored });
  });
});
