import { assert } from '../../../src/base/assert.ts';
import type { VertexId } from '../../../src/base/ids.ts';
import { keyOf } from '../../../src/control/checkpoints/state.ts';
import type { CompletedCheckpoint, PendingCheckpoint } from '../../../src/control/checkpoints/state.ts';
import type { ExecutionRef } from '../../../src/control/scheduler/state.ts';
import { buildManifest } from '../../../src/state/snapshot/build-manifest.ts';
import { checksumOf } from '../../../src/state/snapshot/format.ts';
import { MANIFEST_NAME, encodeManifest, filesOf } from '../../../src/state/snapshot/manifest.ts';
import type { Manifest } from '../../../src/state/snapshot/manifest.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import type { CheckpointCoordinatorContext } from './checkpoint-coordinator.machine.ts';
import type { CheckpointHooks, TakenAssignments } from './checkpoint-hooks.ts';
import { checkpointsUri } from './checkpoint-places.ts';
import type { CheckpointPlaces } from './checkpoint-places.ts';
import type { DecidedCheckpoints } from './decided-checkpoints.ts';
import type { JobRestorePoint } from './job-restore-point.ts';
import type { LogTakeover } from './log-takeover.ts';

export interface DecisionWriterOptions {
  readonly places: CheckpointPlaces;
  readonly hooks: Pick<CheckpointHooks, 'graph' | 'snapshotEnumerators' | 'assignmentsDurable'>;
  readonly log: LogTakeover;
  readonly restorePoint: JobRestorePoint;
  /** Whether nobody waits for decisions any more. */
  isClosed(): boolean;
}

/** Hears what came of a decision. */
export interface DecisionListener {
  /** @param commits whether the job goes on from it: then what sinks prepared for it is committed */
  decided(completed: CompletedCheckpoint, commits: boolean): void;
  failed(error: unknown): void;
}

/** Writes the manifests of checkpoints that all subtasks have acknowledged, and decides them, one after the other. */
export class DecisionWriter {
  readonly #environment: ActorEnvironment;
  readonly #options: DecisionWriterOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(environment: ActorEnvironment, options: DecisionWriterOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  /** Resolves once no decision is being written. */
  get idle(): Promise<void> {
    return this.#last;
  }

  /** Decisions follow one another: what one takes the place of is what the one before has left. What is decided is fixed now. */
  write(context: CheckpointCoordinatorContext, pending: PendingCheckpoint, listener: DecisionListener): void {
    const taken = takenAssignments(pending);
    let manifest: Manifest;
    try {
      manifest = this.#manifestOf(context, pending, taken);
    } catch (error) {
      // Not from within the transition that this is an effect of.
      return queueMicrotask(() => listener.failed(error));
    }
    this.#last = this.#last.then(async () => {
      try {
        const completed = await this.#decide(context, pending, manifest, taken);
        listener.decided(completed, commits(pending));
      } catch (error) {
        listener.failed(error);
      }
    });
  }

  /** Writes the manifest, then the decision: from then on the checkpoint exists. */
  async #decide(
    context: CheckpointCoordinatorContext,
    pending: PendingCheckpoint,
    manifest: Manifest,
    taken: TakenAssignments,
  ): Promise<CompletedCheckpoint> {
    const { checkpointId, location, startedAt, timestamp } = pending;
    const { places, hooks, restorePoint } = this.#options;
    const { path, checksum } = await this.#writeManifest(manifest, location);
    const completed: CompletedCheckpoint = {
      checkpointId,
      kind: manifest.kind,
      path: location === '' ? path : location,
      manifestChecksum: checksum,
      files: filesOf(manifest),
      timestamp,
      durationMs: this.#environment.clock.monotonic() - startedAt,
      stateBytes: sum(pending, 'stateBytes'),
      checkpointedBytes: sum(pending, 'checkpointedBytes'),
    };
    if (!commits(pending)) return completed;
    await this.#decided().decide(completed, context.settings.retained, () => this.#options.isClosed());
    const uri = location === '' ? checkpointsUri(places, context.jobId) : location;
    restorePoint.advance({ location: { uri, path }, manifest });
    hooks.assignmentsDurable(taken);
    return completed;
  }

  #manifestOf(
    { jobId, settings }: CheckpointCoordinatorContext,
    { checkpointId, request, timestamp, acknowledged }: PendingCheckpoint,
    taken: TakenAssignments,
  ): Manifest {
    const { hooks, restorePoint } = this.#options;
    // As in the checkpoint that it waited for, if it waited for one.
    const finishedInOne = settings.intervalMs !== undefined && settings.afterTasksFinish;
    return buildManifest({
      jobId,
      graph: hooks.graph,
      checkpointId,
      kind: request?.kind ?? 'checkpoint',
      timestamp,
      enumerators: hooks.snapshotEnumerators(taken),
      stateOf: (vertexId, subtaskIndex) =>
        acknowledged.get(keyOf({ vertexId, subtaskIndex }))?.state ??
        (finishedInOne ? restorePoint.finalState(vertexId, subtaskIndex) : undefined),
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
    const { checkpoints } = this.#options.log;
    assert(checkpoints !== undefined, 'a checkpoint is decided when its log is open');
    return checkpoints;
  }
}

/** A savepoint of a job that goes on is no point of its history: it goes on from its checkpoints. */
function commits({ request }: PendingCheckpoint): boolean {
  return request?.kind !== 'savepoint' || request.stop;
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
