import { Packr, Unpackr } from 'msgpackr';
import { serializeError } from '../../../src/base/errors.ts';
import type { SerializedError } from '../../../src/base/errors.ts';
import type { Epoch, JobId, VertexId } from '../../../src/base/ids.ts';
import { keyOf } from '../../../src/control/checkpoints/state.ts';
import type {
  CheckpointEffect,
  CompletedCheckpoint,
  PendingCheckpoint,
} from '../../../src/control/checkpoints/state.ts';
import type { ExecutionRef } from '../../../src/control/scheduler/state.ts';
import type { SourceSplit } from '../../../src/functions/source.ts';
import type { JobGraph } from '../../../src/graph/job-graph.ts';
import type { SnapshotStore } from '../../../src/ports/snapshot-store.ts';
import type { SubtaskState } from '../../../src/protocol/checkpoint.ts';
import type { RestoreLocation } from '../../../src/protocol/slot.ts';
import { subtaskReply } from '../../../src/protocol/subtask.ts';
import { buildManifest, checkCompatible } from '../../../src/state/snapshot/build-manifest.ts';
import { encodeManifest, filesOf, readManifest } from '../../../src/state/snapshot/manifest.ts';
import type { Manifest } from '../../../src/state/snapshot/manifest.ts';
import { BRIEF, PERSISTENT, ask } from '../../messaging/ask.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { checkpointCoordinatorMachine } from './checkpoint-coordinator.machine.ts';
import type {
  CheckpointCoordinatorContext,
  CheckpointCoordinatorEvent,
} from './checkpoint-coordinator.machine.ts';
import { CheckpointLog, MANIFEST_NAME } from './checkpoint-log.ts';

/** Where a job's checkpoints are and what it begins from. */
export interface CheckpointPlaces {
  /** URI of the folder of all jobs' checkpoints. */
  readonly directory: string;
  /** A savepoint or kept checkpoint to begin from, where the job has no checkpoint of its own. */
  readonly restorePath: string | undefined;
  readonly ignoreUnclaimedState: boolean;
}

/** Folder of one job's checkpoints. */
export function checkpointsUri({ directory }: CheckpointPlaces, jobId: JobId): string {
  return `${directory.replace(/\/+$/, '')}/${jobId}`;
}

/** What the coordinator needs of its job-manager. */
export interface CheckpointHooks {
  readonly graph: JobGraph;
  isActive(ref: ExecutionRef): boolean;
  /** Splits that no reader holds, given how many assignments each reader had taken at its barrier. */
  snapshotEnumerators(taken: TakenAssignments): ReadonlyMap<VertexId, readonly SourceSplit[]>;
  /** The checkpoint stands: what readers had taken at its barrier is theirs, also after a failure. */
  assignmentsDurable(taken: TakenAssignments): void;
  /** Checkpoints cannot go on: the job is to be restarted, or failed. */
  onFailed(error: SerializedError): void;
  answer(requestId: string, result: SnapshotResult): void;
}

/** By source, then by subtask: its attempt, and how many assignments of splits it had taken. */
export type TakenAssignments = ReadonlyMap<
  VertexId,
  ReadonlyMap<number, { readonly attempt: number; readonly taken: number }>
>;

export type SnapshotResult = { readonly path: string } | { readonly error: SerializedError };

interface Actor {
  send(event: CheckpointCoordinatorEvent): void;
}

const packr = new Packr({ useRecords: false, useBigIntExtension: true, moreTypes: true });
const unpackr = new Unpackr({
  useRecords: false,
  useBigIntExtension: true,
  moreTypes: true,
  copyBuffers: true,
});

/** The effects of one job's checkpoint-coordinator. */
export class CheckpointCoordinator {
  readonly machine: typeof checkpointCoordinatorMachine;
  readonly #environment: ActorEnvironment;
  readonly #places: CheckpointPlaces;
  readonly #hooks: CheckpointHooks;
  readonly #opened = Promise.withResolvers<void>();
  #log: CheckpointLog | undefined;
  #store: SnapshotStore | undefined;
  /** What a restarted subtask goes on from. */
  #restore:
    | { readonly location: RestoreLocation; readonly manifest: Manifest; readonly own: boolean }
    | undefined;
  /** The decision being written: nobody restarts meanwhile. */
  #deciding: Promise<void> = Promise.resolve();

  constructor(environment: ActorEnvironment, places: CheckpointPlaces, hooks: CheckpointHooks) {
    this.#environment = environment;
    this.#places = places;
    this.#hooks = hooks;
    this.machine = checkpointCoordinatorMachine.provide({
      actions: {
        open: ({ context, self }) => void this.#open(context, self),
        perform: ({ context, self }, { effect }) => this.#perform(context, self, effect),
        reportFailure: ({ event }) => {
          // Not from within this transition: the job-manager's decision may reach back here.
          if (event.type === 'openFailed') queueMicrotask(() => this.#hooks.onFailed(event.error));
        },
      },
    });
    this.#opened.promise.catch(() => {});
  }

  /** What subtasks that are deployed now go on from. @throws what kept the log from being opened */
  async restoreLocation(): Promise<RestoreLocation | undefined> {
    await this.#opened.promise;
    await this.#deciding;
    return this.#restore?.location;
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

  /** The job has ended for good: removes its checkpoints, or keeps the completed ones. */
  async end(keep: boolean): Promise<void> {
    await this.#opened.promise.catch(() => {});
    await this.#deciding;
    if (this.#store === undefined) return;
    const kept = new Set(keep ? (this.#restore === undefined ? [] : filesOf(this.#restore.manifest)) : []);
    if (keep && this.#restore !== undefined) kept.add(this.#restore.location.path);
    try {
      const files = await this.#store.list('');
      await this.#store.delete(files.map(({ path }) => path).filter((path) => !kept.has(path)));
    } catch (error) {
      this.#environment.logger.warn('checkpoints of an ended job could not be removed', { error });
    }
  }

  async #open({ jobId, epoch }: CheckpointCoordinatorContext, self: Actor): Promise<void> {
    const { clock } = this.#environment;
    try {
      const { completed, nextId } = await this.#takeOver(jobId, epoch);
      const last = completed.at(-1);
      if (last === undefined && this.#places.restorePath !== undefined)
        await this.#useRestorePath(this.#places.restorePath);
      this.#opened.resolve();
      self.send({ type: 'opened', nextId, completed, now: clock.monotonic() });
    } catch (error) {
      this.#opened.reject(error);
      self.send({ type: 'openFailed', error: serializeError(error, 'external') });
    }
  }

  async #takeOver(
    jobId: JobId,
    epoch: Epoch,
  ): Promise<{ readonly completed: readonly CompletedCheckpoint[]; readonly nextId: number }> {
    const uri = checkpointsUri(this.#places, jobId);
    this.#store = await this.#environment.snapshots.open(uri);
    this.#log = await CheckpointLog.open(this.#store, this.#environment.random);
    const found = await this.#log.takeOver(epoch);
    const last = found.completed.at(-1);
    if (last !== undefined) await this.#useCheckpoint(this.#store, { uri, path: last.path }, true);
    return found;
  }

  async #useCheckpoint(store: SnapshotStore, location: RestoreLocation, own: boolean): Promise<void> {
    const manifest = await readManifest(store, location.path, (bytes) => unpackr.unpack(bytes));
    checkCompatible(manifest, this.#hooks.graph, this.#places.ignoreUnclaimedState);
    this.#restore = { location, manifest, own };
  }

  /** A savepoint's folder, or that of a kept checkpoint, whose files are beside it. */
  async #useRestorePath(path: string): Promise<void> {
    const folder = path.replace(/\/+$/, '').replace(/\/_metadata$/, '');
    const own = await this.#environment.snapshots.open(folder);
    const { kind } = await readManifest(own, MANIFEST_NAME, (bytes) => unpackr.unpack(bytes));
    if (kind === 'savepoint') return this.#useCheckpoint(own, { uri: folder, path: MANIFEST_NAME }, false);
    const cut = folder.lastIndexOf('/');
    const uri = folder.slice(0, cut);
    const store = await this.#environment.snapshots.open(uri);
    await this.#useCheckpoint(store, { uri, path: `${folder.slice(cut + 1)}/${MANIFEST_NAME}` }, false);
  }

  #perform(context: CheckpointCoordinatorContext, self: Actor, effect: CheckpointEffect): void {
    switch (effect.type) {
      case 'trigger':
        for (const ref of effect.refs) void this.#trigger(context, self, ref, effect);
        return;
      case 'decide':
        this.#deciding = this.#decide(context, self, effect.checkpoint);
        return;
      case 'notifyComplete':
      case 'notifyAborted':
        for (const ref of effect.refs) void this.#notify(context, ref, effect);
        return;
      case 'discard':
        return void this.#discard(effect.checkpoints, effect.kept);
      case 'failJob':
        queueMicrotask(() => this.#hooks.onFailed(effect.error));
        return;
      case 'answer':
        return this.#hooks.answer(effect.requestId, effect.result);
    }
  }

  async #trigger(
    context: CheckpointCoordinatorContext,
    self: Actor,
    ref: ExecutionRef,
    { checkpointId, timestamp, flags, location }: Extract<CheckpointEffect, { type: 'trigger' }>,
  ): Promise<void> {
    const { attempt } = ref;
    const { jobId, epoch } = context;
    const message = {
      type: 'triggerCheckpoint' as const,
      epoch,
      attempt,
      checkpointId,
      timestamp,
      flags,
      location,
    };
    try {
      await ask(this.#environment, this.#subject(jobId, ref), message, subtaskReply, {
        ...BRIEF,
        wanted: () => this.#hooks.isActive(ref),
      });
    } catch (error) {
      const now = this.#environment.clock.monotonic();
      self.send({ type: 'declined', ref, checkpointId, error: serializeError(error, 'external'), now });
    }
  }

  async #notify(
    { jobId, epoch }: CheckpointCoordinatorContext,
    ref: ExecutionRef,
    { type, checkpointId }: Extract<CheckpointEffect, { type: 'notifyComplete' | 'notifyAborted' }>,
  ): Promise<void> {
    const message = {
      type:
        type === 'notifyComplete'
          ? ('notifyCheckpointComplete' as const)
          : ('notifyCheckpointAborted' as const),
      epoch,
      attempt: ref.attempt,
      checkpointId,
    };
    try {
      await ask(this.#environment, this.#subject(jobId, ref), message, subtaskReply, {
        ...PERSISTENT,
        wanted: () => this.#hooks.isActive(ref),
      });
    } catch (error) {
      // A subtask that has ended meanwhile; what it had to commit is in the checkpoint.
      this.#environment.logger.debug('subtask not told of a checkpoint', { ...ref, checkpointId, error });
    }
  }

  #subject(
    jobId: CheckpointCoordinatorContext['jobId'],
    { attempt, vertexId, subtaskIndex }: ExecutionRef,
  ): string {
    return this.#environment.subjects.subtask(jobId, attempt, vertexId, subtaskIndex);
  }

  /** Writes the manifest, then the decision: from then on the checkpoint exists. */
  async #decide(
    context: CheckpointCoordinatorContext,
    self: Actor,
    pending: PendingCheckpoint,
  ): Promise<void> {
    const { checkpointId, request, timestamp, startedAt } = pending;
    const { clock, snapshots, logger } = this.#environment;
    try {
      const taken = takenAssignments(pending);
      const kind = request?.kind ?? 'checkpoint';
      const manifest = buildManifest({
        jobId: context.jobId,
        graph: this.#hooks.graph,
        checkpointId,
        kind,
        timestamp,
        enumerators: this.#hooks.snapshotEnumerators(taken),
        stateOf: (vertexId, subtaskIndex) =>
          pending.acknowledged.get(keyOf({ vertexId, subtaskIndex }))?.state ??
          this.#finalState(vertexId, subtaskIndex),
      });
      const store = pending.location === '' ? this.#store : await snapshots.open(pending.location);
      if (store === undefined || this.#log === undefined)
        throw new Error('decided before the log was opened');
      const path = pending.location === '' ? `chk-${checkpointId}/${MANIFEST_NAME}` : MANIFEST_NAME;
      const file = await store.create(path);
      await file.write(encodeManifest(manifest, (value) => packr.pack(value)));
      await file.close();
      const completed: CompletedCheckpoint = {
        checkpointId,
        kind,
        path: pending.location === '' ? path : pending.location,
        files: filesOf(manifest),
        timestamp,
        durationMs: clock.monotonic() - startedAt,
        stateBytes: sum(pending, 'stateBytes'),
        checkpointedBytes: sum(pending, 'checkpointedBytes'),
      };
      if (kind === 'checkpoint' || request?.stop === true) await this.#log.complete(context.epoch, completed);
      if (kind === 'checkpoint') {
        this.#restore = {
          location: { uri: checkpointsUri(this.#places, context.jobId), path },
          manifest,
          own: true,
        };
        this.#hooks.assignmentsDurable(taken);
      }
      logger.info(`${kind} complete`, {
        jobId: context.jobId,
        checkpointId,
        durationMs: completed.durationMs,
        bytes: completed.checkpointedBytes,
      });
      self.send({ type: 'decided', completed, now: clock.monotonic() });
    } catch (error) {
      logger.warn('checkpoint not decided', { jobId: context.jobId, checkpointId, error });
      const failure = serializeError(error, 'external');
      self.send({ type: 'decisionFailed', checkpointId, error: failure, now: clock.monotonic() });
    }
  }

  /** State of a subtask that has finished: as in the checkpoint that it waited for. */
  #finalState(vertexId: VertexId, subtaskIndex: number): SubtaskState | undefined {
    const index = this.#hooks.graph.vertices.findIndex(({ id }) => id === vertexId);
    // A savepoint that the job began from is of another graph perhaps, and nobody finished with it.
    if (this.#restore?.own !== true) return undefined;
    return this.#restore.manifest.vertices[index]?.subtasks[subtaskIndex] ?? undefined;
  }

  async #discard(checkpoints: readonly CompletedCheckpoint[], kept: readonly string[]): Promise<void> {
    const keep = new Set(kept);
    const files = checkpoints.flatMap(({ files: own, path }) => [...own, path]);
    try {
      await this.#store?.delete([...new Set(files)].filter((file) => !keep.has(file)));
    } catch (error) {
      // They are swept when the job ends.
      this.#environment.logger.debug('subsumed checkpoints not removed', { error });
    }
  }
}

function takenAssignments({ expected, acknowledged }: PendingCheckpoint): TakenAssignments {
  const taken = new Map<VertexId, Map<number, { attempt: number; taken: number }>>();
  for (const [key, { vertexId, subtaskIndex, attempt }] of expected) {
    const of = taken.get(vertexId) ?? new Map<number, { attempt: number; taken: number }>();
    of.set(subtaskIndex, { attempt, taken: acknowledged.get(key)?.assignmentsTaken ?? 0 });
    taken.set(vertexId, of);
  }
  return taken;
}

function sum({ acknowledged }: PendingCheckpoint, metric: 'stateBytes' | 'checkpointedBytes'): number {
  let total = 0;
  for (const { metrics } of acknowledged.values()) total += metrics[metric];
  return total;
}
