import type { JobId } from '../../../src/base/ids.ts';
import type { CheckpointHistory } from '../../../src/control/checkpoints/history.ts';
import type {
  CheckpointEffect,
  CompletedCheckpoint,
  PendingCheckpoint,
} from '../../../src/control/checkpoints/state.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { shownPath } from './checkpoint-places.ts';
import type { CheckpointPlaces } from './checkpoint-places.ts';
import { CheckpointTrace } from './checkpoint-trace.ts';
import type { RestorePoint } from './decided-checkpoints.ts';
import type { Trigger } from './subtask-messages.ts';

/** Why a checkpoint ends when nobody is to blame. */
const STOPPED = 'subtasks of the job stopped before it was complete';

/** What logs, traces, metrics and those who ask are told of a job's checkpoints. */
export class CheckpointReports {
  /** What became of the last ones, for those who ask. */
  readonly history: CheckpointHistory;
  /** What metrics tell of: the last checkpoint or savepoint, and when subtasks last began from one; wall time, ms. */
  lastCompleted: { readonly completed: CompletedCheckpoint; readonly path: string } | undefined;
  restoredAt: number | undefined;
  readonly #environment: ActorEnvironment;
  readonly #places: CheckpointPlaces;
  readonly #jobId: JobId;
  readonly #trace: CheckpointTrace;

  constructor(
    environment: ActorEnvironment,
    places: CheckpointPlaces,
    jobId: JobId,
    history: CheckpointHistory,
  ) {
    this.#environment = environment;
    this.#places = places;
    this.#jobId = jobId;
    this.history = history;
    this.#trace = new CheckpointTrace(environment.tracing, jobId);
  }

  /** Messages that `act` sends belong to the trace of the checkpoint. */
  inTrace<T>(checkpointId: number, act: () => T): T {
    return this.#environment.scope.within(this.#trace.contextOf(checkpointId), act);
  }

  triggered({ checkpointId, timestamp }: Trigger, pending: PendingCheckpoint | undefined): void {
    this.#trace.triggered(checkpointId, timestamp);
    if (pending === undefined) return;
    const { request, expected, unaligned } = pending;
    this.history.triggered(checkpointId, request?.kind === 'savepoint', [...expected.values()], timestamp);
    if (unaligned) this.history.unaligned(checkpointId);
  }

  unaligned(checkpointId: number): void {
    this.history.unaligned(checkpointId);
  }

  /** All subtasks have acknowledged; the decision is being written. */
  deciding(pending: PendingCheckpoint): void {
    this.#trace.deciding(pending);
  }

  /** The checkpoint stands; where it `commits`, subtasks are being told so. */
  completed(completed: CompletedCheckpoint, commits: boolean): void {
    const jobId = this.#jobId;
    const { checkpointId, kind, durationMs, checkpointedBytes: bytes } = completed;
    this.#environment.logger.info(`${kind} complete`, { jobId, checkpointId, durationMs, bytes });
    this.#trace.completed(completed, commits);
    const path = shownPath(this.#places, jobId, completed.path);
    this.lastCompleted = { completed, path };
    this.history.completed(completed, path);
  }

  aborted({ checkpointId, reason }: Extract<CheckpointEffect, { type: 'notifyAborted' }>): void {
    const { clock, logger } = this.#environment;
    const jobId = this.#jobId;
    if (reason === undefined) logger.debug('checkpoint given up', { jobId, checkpointId });
    else logger.warn('checkpoint failed', { jobId, checkpointId, reason });
    this.history.failed(checkpointId, reason ?? STOPPED, clock.now());
  }

  /** It could not be triggered or decided. */
  failed(checkpointId: number, error: Error): void {
    this.#environment.logger.debug('checkpoint failed', { checkpointId, error });
    this.#trace.ended(checkpointId, error);
    this.history.failed(checkpointId, error.message, this.#environment.clock.now());
  }

  /** All subtasks have heard what became of it. */
  told(checkpointId: number, isAborted: boolean): void {
    this.#trace.ended(checkpointId, isAborted ? { message: 'given up' } : undefined);
  }

  /** Subtasks begin from it. */
  restored({ manifest, location }: RestorePoint): void {
    const at = this.#environment.clock.now();
    this.restoredAt = at;
    const { checkpointId, kind } = manifest;
    const path = `${location.uri}/${location.path}`;
    this.history.restoredFrom({ checkpointId, at, isSavepoint: kind === 'savepoint', path });
  }

  jobEnded(): void {
    this.history.ended('the job has ended', this.#environment.clock.now());
  }
}
