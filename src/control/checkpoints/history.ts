import type { VertexId } from '../../base/ids.ts';
import type {
  CheckpointRecord,
  CheckpointStatistics,
  VertexRecord,
} from '../../protocol/checkpoint-statistics.ts';
import type { SnapshotMetrics } from '../../protocol/checkpoint.ts';
import type { ExecutionRef } from '../scheduler/state.ts';
import { keyOf } from './state.ts';
import type { CompletedCheckpoint } from './state.ts';

interface Part {
  readonly vertexId: VertexId;
  readonly subtaskIndex: number;
  acknowledgedAt: number | undefined;
  metrics: SnapshotMetrics | undefined;
}

interface Entry {
  record: CheckpointRecord;
  readonly parts: ReadonlyMap<string, Part>;
}

type Restored = NonNullable<CheckpointStatistics['restored']>;

/** What became of the last checkpoints and savepoints of a job, part by part. Bounded; moments are wall time, ms. */
export class CheckpointHistory {
  readonly #kept: number;
  readonly #counts = { restored: 0, completed: 0, failed: 0 };
  /** Oldest first. */
  readonly #entries: Entry[] = [];
  readonly #latest: {
    completed?: CheckpointRecord;
    savepoint?: CheckpointRecord;
    failed?: CheckpointRecord;
  } = {};
  #restored: Restored | undefined;

  /** @param kept `web.checkpoints.history` */
  constructor(kept: number) {
    this.#kept = kept;
  }

  /** @param refs all subtasks that take part */
  triggered(checkpointId: number, savepoint: boolean, refs: readonly ExecutionRef[], at: number): void {
    const parts = new Map(
      refs.map((ref): [string, Part] => [
        keyOf(ref),
        {
          vertexId: ref.vertexId,
          subtaskIndex: ref.subtaskIndex,
          acknowledgedAt: undefined,
          metrics: undefined,
        },
      ]),
    );
    const record: CheckpointRecord = {
      checkpointId,
      kind: savepoint ? 'savepoint' : 'checkpoint',
      status: 'IN_PROGRESS',
      unaligned: false,
      triggeredAt: at,
      durationMs: 0,
      subtasks: refs.length,
      acknowledged: 0,
      checkpointedBytes: 0,
      stateBytes: 0,
      processedBytes: 0,
      persistedBytes: 0,
    };
    this.#entries.push({ record, parts });
    this.#forget();
  }

  /** Subtasks were told not to wait for what is in the channels. */
  unaligned(checkpointId: number): void {
    this.#change(checkpointId, { unaligned: true });
  }

  acknowledged(checkpointId: number, ref: ExecutionRef, metrics: SnapshotMetrics, at: number): void {
    const entry = this.#find(checkpointId);
    if (entry === undefined || entry.record.status !== 'IN_PROGRESS') return;
    const part = entry.parts.get(keyOf(ref));
    if (part === undefined || part.metrics !== undefined) return;
    part.acknowledgedAt = at;
    part.metrics = metrics;
    const { record } = entry;
    entry.record = {
      ...record,
      acknowledged: record.acknowledged + 1,
      lastAcknowledgedAt: at,
      durationMs: Math.max(0, at - record.triggeredAt),
      checkpointedBytes: record.checkpointedBytes + metrics.checkpointedBytes,
      stateBytes: record.stateBytes + metrics.stateBytes,
      processedBytes: record.processedBytes + metrics.processedBytes,
      persistedBytes: record.persistedBytes + metrics.persistedBytes,
    };
  }

  completed({ checkpointId, durationMs, kind }: CompletedCheckpoint, path: string): void {
    const record = this.#change(checkpointId, { status: 'COMPLETED', durationMs, path, kind });
    if (record === undefined) return;
    this.#counts.completed += 1;
    this.#latest[kind === 'savepoint' ? 'savepoint' : 'completed'] = record;
  }

  failed(checkpointId: number, failure: string, at: number): void {
    const entry = this.#find(checkpointId);
    if (entry === undefined || entry.record.status !== 'IN_PROGRESS') return;
    const durationMs = Math.max(0, at - entry.record.triggeredAt);
    const record = this.#change(checkpointId, { status: 'FAILED', failure, failedAt: at, durationMs });
    this.#counts.failed += 1;
    if (record !== undefined) this.#latest.failed = record;
  }

  /** Nothing more comes of those that are under way. */
  ended(why: string, at: number): void {
    for (const { record } of this.#entries) this.failed(record.checkpointId, why, at);
  }

  restoredFrom(restored: Restored): void {
    this.#counts.restored += 1;
    this.#restored = restored;
  }

  /** @param checkpointId whose parts are asked for, too */
  statistics(intervalMs: number | undefined, checkpointId: number | undefined): CheckpointStatistics {
    const history = this.#entries.map(({ record }) => record).toReversed();
    const inProgress = history.filter(({ status }) => status === 'IN_PROGRESS').length;
    const { restored, completed, failed } = this.#counts;
    const found = checkpointId === undefined ? undefined : this.#find(checkpointId);
    return {
      counts: { restored, total: completed + failed + inProgress, inProgress, completed, failed },
      history,
      latest: { ...this.#latest },
      ...(this.#restored === undefined ? {} : { restored: this.#restored }),
      ...(intervalMs === undefined ? {} : { intervalMs }),
      ...(found === undefined ? {} : { vertices: verticesOf(found) }),
    };
  }

  #find(checkpointId: number): Entry | undefined {
    return this.#entries.find(({ record }) => record.checkpointId === checkpointId);
  }

  #change(checkpointId: number, change: Partial<CheckpointRecord>): CheckpointRecord | undefined {
    const entry = this.#find(checkpointId);
    if (entry === undefined) return undefined;
    entry.record = { ...entry.record, ...change };
    return entry.record;
  }

  /** The oldest that is over goes first; what is under way stays. */
  #forget(): void {
    while (this.#entries.length > this.#kept) {
      const over = this.#entries.findIndex(({ record }) => record.status !== 'IN_PROGRESS');
      if (over < 0) return;
      this.#entries.splice(over, 1);
    }
  }
}

function verticesOf({ parts }: Entry): VertexRecord[] {
  const byVertex = Map.groupBy(parts.values(), ({ vertexId }) => vertexId);
  return [...byVertex].map(([vertexId, own]) => ({
    vertexId,
    subtasks: own
      .toSorted((a, b) => a.subtaskIndex - b.subtaskIndex)
      .map(({ subtaskIndex, acknowledgedAt, metrics }) => ({
        subtaskIndex,
        ...(acknowledgedAt === undefined ? {} : { acknowledgedAt }),
        ...(metrics === undefined ? {} : { metrics }),
      })),
  }));
}
