import { assert } from '../../../src/base/assert.ts';
import { serializeError } from '../../../src/base/errors.ts';
import type { SerializedError } from '../../../src/base/errors.ts';
import type { Epoch, JobId, VertexId } from '../../../src/base/ids.ts';
import type { CheckpointHistory } from '../../../src/control/checkpoints/history.ts';
import { keyOf } from '../../../src/control/checkpoints/state.ts';
import type {
  CheckpointEffect,
  CheckpointSettings,
  CompletedCheckpoint,
  PendingCheckpoint,
} from '../../../src/control/checkpoints/state.ts';
import type { ExecutionRef } from '../../../src/control/scheduler/state.ts';
import type { SourceSplit } from '../../../src/functions/source.ts';
import type { JobGraph } from '../../../src/graph/job-graph.ts';
import type { SubtaskState } from '../../../src/protocol/checkpoint.ts';
import type { RestoreLocation } from '../../../src/protocol/slot.ts';
import { buildManifest } from '../../../src/state/snapshot/build-manifest.ts';
import { checkCompatible } from '../../../src/state/snapshot/compare-with-job.ts';
import { LeadershipLostError } from '../../../src/state/snapshot/errors.ts';
import { checksumOf } from '../../../src/state/snapshot/format.ts';
import { MANIFEST_NAME, encodeManifest, filesOf } from '../../../src/state/snapshot/manifest.ts';
import type { Manifest } from '../../../src/state/snapshot/manifest.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { sendIfActive } from '../../messaging/send-if-active.ts';
import type { Receiver } from '../../messaging/send-if-active.ts';
import { checkpointsUri } from './checkpoint-places.ts';
import type { CheckpointPlaces } from './checkpoint-places.ts';
import { DecidedCheckpoints, openClaim } from './decided-checkpoints.ts';
import type { RestorePoint } from './decided-checkpoints.ts';
import { CheckpointTrace } from './checkpoint-trace.ts';
import { SubtaskMessages } from './subtask-messages.ts';
import type { Notice, Trigger } from './subtask-messages.ts';
import { checkpointCoordinatorMachine } from './checkpoint-coordinator.machine.ts';
import type {
  CheckpointCoordinatorContext,
  CheckpointCoordinatorEvent,
} from './checkpoint-coordinator.machine.ts';

/** What the coordinator needs of its job-manager. */
export interface CheckpointHooks {
  readonly jobId: JobId;
  readonly graph: JobGraph;
  /** What is kept of checkpoints for those who ask. */
  readonly history: CheckpointHistory;
  /** Names this leader in the job's log of decisions, also across job-managers. */
  readonly logToken: string;
  /** Whether there may be checkpoints without periodic ones. */
  readonly opensLog: boolean;
  isActive(ref: ExecutionRef): boolean;
  /** Splits that no reader holds, given how many assignments each reader had taken at its barrier. */
  snapshotEnumerators(taken: TakenAssignments): ReadonlyMap<VertexId, readonly SourceSplit[]>;
  /** The checkpoint stands: what readers had taken at its barrier is theirs, also after a failure. */
  assignmentsDurable(taken: TakenAssignments): void;
  /** Checkpoints cannot go on: the job is to be restarted, or failed. */
  onFailed(error: SerializedError): void;
  /** What the job is to go on from cannot be read. */
  onRestoreFailed(error: SerializedError): void;
  answer(requestId: string, result: SnapshotResult): void;
}

/** By source, then by subtask: its attempt, and how many assignments of splits it had taken. */
export type TakenAssignments = ReadonlyMap<
  VertexId,
  ReadonlyMap<number, { readonly attempt: number; readonly taken: number }>
>;

export type SnapshotResult = { readonly path: string } | { readonly error: SerializedError };

/** Why a checkpoint ends when nobody is to blame. */
const STOPPED = 'subtasks of the job stopped before it was complete';

type Actor = Receiver<CheckpointCoordinatorEvent>;

/** The effects of one job's checkpoint-coordinator. */
export class CheckpointCoordinator {
  readonly machine: typeof checkpointCoordinatorMachine;
  readonly #environment: ActorEnvironment;
  readonly #places: CheckpointPlaces;
  readonly #hooks: CheckpointHooks;
  readonly #opened = Promise.withResolvers<void>();
  /** Undefined where the job has none and was not asked for one. */
  #checkpoints: DecidedCheckpoints | undefined;
  #takingOver: Promise<DecidedCheckpoints> | undefined;
  #closed = false;
  readonly #trace: CheckpointTrace;
  readonly #messages: SubtaskMessages;
  /** What became of the last ones, for those who ask. */
  readonly history: CheckpointHistory;
  /** What a restarted subtask goes on from, and whether it is of this job. */
  #restore: (RestorePoint & { readonly own: boolean }) | undefined;
  /** What metrics tell of: the last checkpoint or savepoint, and when subtasks last began from one; wall time, ms. */
  lastCompleted: { readonly completed: CompletedCheckpoint; readonly path: string } | undefined;
  restoredAt: number | undefined;
  /** The decision being written: nobody restarts meanwhile. */
  #deciding: Promise<void> = Promise.resolve();

  constructor(environment: ActorEnvironment, places: CheckpointPlaces, hooks: CheckpointHooks) {
    this.#environment = environment;
    this.#places = places;
    this.#hooks = hooks;
    this.history = hooks.history;
    this.#messages = new SubtaskMessages(environment, (ref) => hooks.isActive(ref));
    this.#trace = new CheckpointTrace(environment.tracing, hooks.jobId);
    this.machine = checkpointCoordinatorMachine.provide({
      actions: {
        open: ({ context, self }) => void this.#open(context, self),
        perform: ({ context, self }, { effect }) => this.#perform(context, self, effect),
        reportFailure: ({ event }) => {
          // Not from within this transition: the job-manager's decision may reach back here.
          if (event.type === 'openFailed') queueMicrotask(() => this.#hooks.onRestoreFailed(event.error));
        },
      },
    });
    this.#opened.promise.catch(() => {});
  }

  /** What subtasks that are deployed now go on from. @throws what kept the log from being opened */
  async restoreLocation(): Promise<RestoreLocation | undefined> {
    await this.#opened.promise;
    await this.#deciding;
    if (this.#restore === undefined) return undefined;
    this.#noteRestored(this.#restore);
    return { ...this.#restore.location, own: this.#restore.own };
  }

  #noteRestored({ manifest, location }: RestorePoint): void {
    const at = this.#environment.clock.now();
    this.restoredAt = at;
    const { checkpointId, kind } = manifest;
    const path = `${location.uri}/${location.path}`;
    this.history.restoredFrom({ checkpointId, at, isSavepoint: kind === 'savepoint', path });
  }

  /** Acts once no decision is being written. */
  onceDecided(act: () => void): void {
    void this.#deciding.then(act);
  }

  /** Whether the job goes on from a checkpoint when its subtasks restart. */
  get hasRestorePoint(): boolean {
    return this.#restore !== undefined;
  }

  /** Splits of a source that nobody held; undefined when the job begins anew. */
  async restoredSplits(vertexId: VertexId): Promise<readonly SourceSplit[] | undefined> {
    await this.#opened.promise;
    const head = this.#hooks.graph.vertices.find(({ id }) => id === vertexId)?.operators[0]?.id;
    const vertex = this.#restore?.manifest.vertices.find(
      ({ operators }) => operators[0]?.operatorId === head,
    );
    return vertex === undefined ? undefined : (vertex.enumerator ?? []);
  }

  /**
   * The job has ended for good: removes its checkpoints, or keeps the completed ones.
   * @param settled no leader takes the job up again. Before that its checkpoints stay: a leader that took it up without them would
   * run it from its start, and all its results would come twice.
   * @returns whether nothing of them is left to be removed
   */
  async end(keep: boolean, settled: Promise<void>): Promise<boolean> {
    this.#closed = true;
    const isOpen = await this.#opened.promise.then(
      () => true,
      () => false,
    );
    await this.#deciding;
    this.history.ended('the job has ended', this.#environment.clock.now());
    try {
      await settled;
    } catch {
      return false;
    }
    if (this.#checkpoints !== undefined) return this.#checkpoints.end(keep);
    if (isOpen || this.#places.directory === undefined) return true;
    // Behind a log that could not be opened may be checkpoints.
    const { jobId } = this.#hooks;
    const location = checkpointsUri(this.#places, jobId);
    this.#environment.logger.warn('checkpoints of an ended job are left to the next leader', {
      jobId,
      location,
    });
    return false;
  }

  /**
   * The job goes on under another leader, or with another parallelism: nothing more is decided here.
   * @returns once a decision that is under way is taken
   */
  async abandon(): Promise<void> {
    this.#closed = true;
    await this.#opened.promise.catch(() => {});
    await this.#deciding;
  }

  #sendIfActive(self: Actor, event: CheckpointCoordinatorEvent): void {
    if (!this.#closed) sendIfActive(self, event);
  }

  async #open({ jobId, epoch, settings }: CheckpointCoordinatorContext, self: Actor): Promise<void> {
    const { clock } = this.#environment;
    try {
      // A job without checkpoints needs no log, unless it is asked for a snapshot later.
      if (this.#hooks.opensLog || settings.intervalMs !== undefined || this.#places.restorePath !== undefined)
        await this.#takenOver(jobId, epoch);
      const checkpoints = this.#checkpoints;
      this.#opened.resolve();
      const [nextId, completed] = [checkpoints?.nextId ?? 1, checkpoints?.standing ?? []];
      this.#sendIfActive(self, { type: 'opened', nextId, completed, now: clock.monotonic() });
      await checkpoints?.sweep(undefined);
    } catch (error) {
      this.#opened.reject(error);
      this.#sendIfActive(self, { type: 'openFailed', error: serializeError(error, 'external') });
    }
  }

  /** Once, whoever comes first. */
  #takenOver(jobId: JobId, epoch: Epoch): Promise<DecidedCheckpoints> {
    this.#takingOver ??= this.#takeOver(jobId, epoch).catch((error: unknown) => {
      this.#takingOver = undefined;
      throw error;
    });
    return this.#takingOver;
  }

  async #takeOver(jobId: JobId, epoch: Epoch): Promise<DecidedCheckpoints> {
    const places = this.#places;
    const { checkpoints, newest } = await DecidedCheckpoints.takeOver(
      this.#environment,
      places,
      jobId,
      epoch,
      this.#hooks.logToken,
    );
    this.#checkpoints = checkpoints;
    if (newest !== undefined) this.#goOnFrom({ ...newest, own: true });
    const other = await openClaim(this.#environment, places, newest === undefined);
    if (other === undefined) return checkpoints;
    if (newest === undefined) this.#goOnFrom({ ...other, own: false });
    // A checkpoint of this job is in its own log, by whatever path it was named.
    const isOwn = other.manifest.kind === 'checkpoint' && other.manifest.jobId === jobId;
    if (places.claimMode === 'CLAIM' && !isOwn) checkpoints.claim(other);
    return checkpoints;
  }

  #goOnFrom(point: RestorePoint & { readonly own: boolean }): void {
    checkCompatible(point.manifest, this.#hooks.graph, this.#places.ignoreUnclaimedState);
    this.#restore = point;
  }

  #perform(context: CheckpointCoordinatorContext, self: Actor, effect: CheckpointEffect): void {
    switch (effect.type) {
      case 'trigger':
        this.#trace.triggered(effect.checkpointId, effect.timestamp);
        this.#remember(context, effect);
        return void this.#triggerAll(context, self, effect);
      case 'triggerLate':
        return void this.#triggerAll(context, self, effect);
      case 'decide':
        this.#trace.deciding(effect.checkpoint);
        return this.#decideNext(context, self, effect.checkpoint);
      case 'takeUnaligned':
        this.history.unaligned(effect.checkpointId);
        return void this.#notifyAll(context, effect);
      case 'notifyAborted':
        this.#noteAborted(effect);
        this.history.failed(effect.checkpointId, effect.reason ?? STOPPED, this.#environment.clock.now());
        return void this.#notifyAll(context, effect);
      case 'notifyComplete':
        return void this.#notifyAll(context, effect);
      case 'discard':
        return void this.#checkpoints?.discard(effect.checkpoints, effect.kept);
      case 'sweep':
        return void this.#checkpoints?.sweep(effect.checkpointId);
      case 'failJob':
        queueMicrotask(() => this.#hooks.onFailed(effect.error));
        return;
      case 'answer':
        return this.#hooks.answer(effect.requestId, this.#named(context, effect.result));
    }
  }

  #noteAborted({ checkpointId, reason }: Extract<CheckpointEffect, { type: 'notifyAborted' }>): void {
    const { jobId } = this.#hooks;
    if (reason === undefined) this.#environment.logger.debug('checkpoint given up', { jobId, checkpointId });
    else this.#environment.logger.warn('checkpoint failed', { jobId, checkpointId, reason });
  }

  #remember({ coordinator }: CheckpointCoordinatorContext, { checkpointId, timestamp }: Trigger): void {
    const pending = coordinator.pending.get(checkpointId);
    if (pending === undefined) return;
    const { request, expected, unaligned } = pending;
    this.history.triggered(checkpointId, request?.kind === 'savepoint', [...expected.values()], timestamp);
    if (unaligned) this.history.unaligned(checkpointId);
  }

  /** A checkpoint's path as people can use it. */
  #named({ jobId }: CheckpointCoordinatorContext, result: SnapshotResult): SnapshotResult {
    if ('error' in result || !result.path.endsWith(`/${MANIFEST_NAME}`)) return result;
    return {
      path: `${checkpointsUri(this.#places, jobId)}/${result.path.slice(0, -MANIFEST_NAME.length - 1)}`,
    };
  }

  async #triggerAll(context: CheckpointCoordinatorContext, self: Actor, effect: Trigger): Promise<void> {
    const { checkpointId, refs } = effect;
    try {
      const checkpoints = await this.#takenOver(context.jobId, context.epoch);
      await checkpoints.use(checkpointId);
      this.#inTrace(checkpointId, () => {
        for (const ref of refs) {
          this.#messages.trigger(context, ref, effect).catch((error: unknown) => {
            const now = this.#environment.clock.monotonic();
            const reason = serializeError(error, 'external');
            this.#sendIfActive(self, { type: 'declined', ref, checkpointId, error: reason, now });
          });
        }
      });
    } catch (error) {
      this.#failed(self, checkpointId, error);
    }
  }

  /** The checkpoint cannot be. A leader that was superseded stops altogether. */
  #failed(self: Actor, checkpointId: number, error: unknown): void {
    this.#environment.logger.debug('checkpoint failed', { checkpointId, error });
    if (error instanceof LeadershipLostError) this.#environment.onFatal(error, 'checkpoint-coordinator');
    this.#trace.ended(checkpointId, error as Error);
    this.history.failed(checkpointId, (error as Error).message, this.#environment.clock.now());
    const now = this.#environment.clock.monotonic();
    this.#sendIfActive(self, {
      type: 'decisionFailed',
      checkpointId,
      error: serializeError(error, 'external'),
      now,
    });
  }

  async #notifyAll(context: CheckpointCoordinatorContext, effect: Notice): Promise<void> {
    const { checkpointId, type } = effect;
    const told = this.#inTrace(checkpointId, () =>
      Promise.all(effect.refs.map((ref) => this.#messages.notify(context, ref, effect))),
    );
    if (type === 'takeUnaligned') return;
    await told;
    const aborted = type === 'notifyAborted' ? { message: 'given up' } : undefined;
    this.#trace.ended(checkpointId, aborted);
  }

  #inTrace<T>(checkpointId: number, act: () => T): T {
    return this.#environment.scope.within(this.#trace.contextOf(checkpointId), act);
  }

  /** Decisions follow one another: what one takes the place of is what the one before has left. What is decided is fixed now. */
  #decideNext(context: CheckpointCoordinatorContext, self: Actor, pending: PendingCheckpoint): void {
    const taken = takenAssignments(pending);
    let manifest: Manifest;
    try {
      manifest = this.#manifestOf(context, pending, taken);
    } catch (error) {
      // Not from within this transition.
      return queueMicrotask(() => this.#failed(self, pending.checkpointId, error));
    }
    this.#deciding = this.#deciding.then(() => this.#decide(context, self, pending, manifest, taken));
  }

  /** Writes the manifest, then the decision: from then on the checkpoint exists. */
  async #decide(
    context: CheckpointCoordinatorContext,
    self: Actor,
    pending: PendingCheckpoint,
    manifest: Manifest,
    taken: TakenAssignments,
  ): Promise<void> {
    const { checkpointId, request, location, startedAt } = pending;
    const { clock, logger } = this.#environment;
    const { jobId } = context;
    try {
      const { path, checksum } = await this.#writeManifest(manifest, location);
      const completed: CompletedCheckpoint = {
        checkpointId,
        kind: manifest.kind,
        path: location === '' ? path : location,
        manifestChecksum: checksum,
        files: filesOf(manifest),
        timestamp: pending.timestamp,
        durationMs: clock.monotonic() - startedAt,
        stateBytes: sum(pending, 'stateBytes'),
        checkpointedBytes: sum(pending, 'checkpointedBytes'),
      };
      // A savepoint of a job that goes on is no point of its history: it goes on from its checkpoints.
      const commits = manifest.kind === 'checkpoint' || request?.stop === true;
      if (commits) {
        const { retained } = context.settings;
        await this.#decided().decide(completed, retained, () => this.#closed);
      }
      if (commits) {
        const uri = location === '' ? checkpointsUri(this.#places, jobId) : location;
        this.#restore = { location: { uri, path }, manifest, own: true };
        this.#hooks.assignmentsDurable(taken);
      }
      const { durationMs, checkpointedBytes: bytes } = completed;
      logger.info(`${manifest.kind} complete`, { jobId, checkpointId, durationMs, bytes });
      this.#trace.completed(completed, commits);
      const named = this.#named(context, { path: completed.path });
      const shown = 'path' in named ? named.path : '';
      this.lastCompleted = { completed, path: shown };
      this.history.completed(completed, shown);
      this.#sendIfActive(self, { type: 'decided', completed, now: clock.monotonic() });
    } catch (error) {
      this.#failed(self, checkpointId, error);
    }
  }

  #manifestOf(
    { jobId, settings }: CheckpointCoordinatorContext,
    { checkpointId, request, timestamp, acknowledged }: PendingCheckpoint,
    taken: TakenAssignments,
  ): Manifest {
    return buildManifest({
      jobId,
      graph: this.#hooks.graph,
      checkpointId,
      kind: request?.kind ?? 'checkpoint',
      timestamp,
      enumerators: this.#hooks.snapshotEnumerators(taken),
      stateOf: (vertexId, subtaskIndex) =>
        acknowledged.get(keyOf({ vertexId, subtaskIndex }))?.state ??
        this.#finalState(vertexId, subtaskIndex, settings),
    });
  }

  async #writeManifest(
    manifest: Manifest,
    location: string,
  ): Promise<{ readonly path: string; readonly checksum: string }> {
    const { snapshots } = this.#environment;
    const store = location === '' ? this.#decided().store : await snapshots.open(location);
    const path = location === '' ? `chk-${manifest.checkpointId}/${MANIFEST_NAME}` : MANIFEST_NAME;
    const bytes = encodeManifest(manifest);
    const file = await store.create(path);
    await file.write(bytes);
    await file.close();
    return { path, checksum: String(checksumOf(bytes)) };
  }

  #decided(): DecidedCheckpoints {
    assert(this.#checkpoints !== undefined, 'a checkpoint is decided when its log is open');
    return this.#checkpoints;
  }

  /** State of a subtask that has finished: as in the checkpoint that it waited for, if it waited for one. */
  #finalState(
    vertexId: VertexId,
    subtaskIndex: number,
    { intervalMs, afterTasksFinish }: CheckpointSettings,
  ): SubtaskState | undefined {
    if (intervalMs === undefined || !afterTasksFinish) return undefined;
    const index = this.#hooks.graph.vertices.findIndex(({ id }) => id === vertexId);
    // A savepoint that the job began from is of another graph perhaps, and nobody finished with it.
    if (this.#restore?.own !== true) return undefined;
    return this.#restore.manifest.vertices[index]?.subtasks[subtaskIndex] ?? undefined;
  }
}

function takenAssignments({ expected, finished, acknowledged }: PendingCheckpoint): TakenAssignments {
  const all = new Map<VertexId, Map<number, { attempt: number; taken: number }>>();
  const note = ({ vertexId, subtaskIndex, attempt }: ExecutionRef, taken: number): void => {
    const of = all.get(vertexId) ?? new Map<number, { attempt: number; taken: number }>();
    all.set(vertexId, of.set(subtaskIndex, { attempt, taken }));
  };
  for (const [key, ref] of expected) note(ref, acknowledged.get(key)?.assignmentsTaken ?? 0);
  for (const ref of finished) note(ref, Number.POSITIVE_INFINITY);
  return all;
}

function sum({ acknowledged }: PendingCheckpoint, metric: 'stateBytes' | 'checkpointedBytes'): number {
  let total = 0;
  for (const { metrics } of acknowledged.values()) total += metrics[metric];
  return total;
}
