import type { Epoch, JobId } from '../../../src/base/ids.ts';
import type { CompletedCheckpoint } from '../../../src/control/checkpoints/state.ts';
import type { SnapshotStore } from '../../../src/ports/snapshot-store.ts';
import type { RestoreLocation } from '../../../src/protocol/slot.ts';
import { DecisionLog } from '../../../src/state/snapshot/decision-log.ts';
import type { CompletedCheckpoint as LoggedCheckpoint } from '../../../src/state/snapshot/decision-entry.ts';
import { MANIFEST_NAME, filesOf, readManifest } from '../../../src/state/snapshot/manifest.ts';
import type { Manifest } from '../../../src/state/snapshot/manifest.ts';
import { openSnapshot } from '../../../src/state/snapshot/open-snapshot.ts';
import { StoreError } from '../../../src/storage/errors.ts';
import { sleep } from '../../messaging/ask.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { CheckpointFiles } from './checkpoint-files.ts';
import { checkpointsUri } from './checkpoint-places.ts';
import type { CheckpointPlaces } from './checkpoint-places.ts';

/** Ids of checkpoints that are reserved at once. */
const RESERVED_IDS = 1_000;
/** Between two tries to write a decision whose outcome is unknown. */
const DECISION_PAUSE_MS = 1_000;

/** A snapshot that subtasks go on from. */
export interface RestorePoint {
  readonly location: RestoreLocation;
  readonly manifest: Manifest;
}

/** The checkpoints that exist of one job: their log, under this leader, and their files. */
export class DecidedCheckpoints {
  readonly store: SnapshotStore;
  readonly #environment: ActorEnvironment;
  readonly #log: DecisionLog;
  readonly #files: CheckpointFiles;
  /** Oldest first; with what was taken over from another job, until it is subsumed. */
  #standing: readonly CompletedCheckpoint[] = [];
  /** Ids up to this one may be given out by this leader. */
  #reservedUpTo = 0;
  /** The highest id that may be in use. */
  #newestId: number;

  private constructor(
    environment: ActorEnvironment,
    store: SnapshotStore,
    log: DecisionLog,
    files: CheckpointFiles,
    newestId: number,
  ) {
    this.#environment = environment;
    this.store = store;
    this.#log = log;
    this.#files = files;
    this.#newestId = newestId;
  }

  /**
   * Takes the log over: no leader before can decide anything from now on.
   * @param token names this leader: the same one may take over again
   * @returns with it, the newest snapshot in the log: what the job goes on from
   */
  static async takeOver(
    environment: ActorEnvironment,
    places: CheckpointPlaces,
    jobId: JobId,
    epoch: Epoch,
    token: string,
  ): Promise<{ readonly checkpoints: DecidedCheckpoints; readonly newest: RestorePoint | undefined }> {
    const { snapshots } = environment;
    const uri = checkpointsUri(places, jobId);
    const store = await snapshots.open(uri);
    const log = DecisionLog.open({ store, root: 'log', token });
    const { completed, nextCheckpointId } = await log.takeOver(epoch);
    const files = new CheckpointFiles(environment, jobId, store, places.orphanSweepMs);
    const checkpoints = new DecidedCheckpoints(environment, store, log, files, nextCheckpointId - 1);
    await checkpoints.#reserve(nextCheckpointId);
    let newest: RestorePoint | undefined;
    for (const logged of completed) {
      const location = locationOf(logged, uri);
      newest = { location, manifest: await readManifest(await snapshots.open(location.uri), location.path) };
      if (logged.kind === 'checkpoint') checkpoints.#add(logged, newest.manifest);
    }
    return { checkpoints, newest };
  }

  get standing(): readonly CompletedCheckpoint[] {
    return this.#standing;
  }

  get nextId(): number {
    return this.#newestId + 1;
  }

  /** An id is in use when this resolves, and its checkpoint may be triggered. */
  async use(checkpointId: number): Promise<void> {
    await this.#reserve(checkpointId);
    this.#newestId = Math.max(this.#newestId, checkpointId);
  }

  /** In blocks, so that an id that was given up is never used again, also not by the next leader. */
  async #reserve(from: number): Promise<void> {
    if (from <= this.#reservedUpTo) return;
    const upTo = from + RESERVED_IDS - 1;
    await this.#log.reserve(upTo);
    this.#reservedUpTo = upTo;
  }

  /** A snapshot of another job becomes this one's: it goes when it is subsumed. */
  claim({ location, manifest }: RestorePoint): void {
    const claimed = { ...completedOf(manifest, location.path), takenOverFrom: location.uri };
    this.#standing = [claimed, ...this.#standing];
  }

  /**
   * Writes the decision: from then on the checkpoint exists. Repeated until its outcome is known, since only then may anybody act
   * on it, or undo what it is about. Called for one checkpoint at a time.
   * @param isClosed whether nobody waits for it any more
   */
  async decide(completed: CompletedCheckpoint, retained: number, isClosed: () => boolean): Promise<void> {
    const { checkpointId, kind, path, manifestChecksum } = completed;
    const before = this.#standing;
    const disposed = before.slice(0, Math.max(0, before.length + 1 - retained));
    // What was taken over is in no log of this job.
    const ids = disposed.filter(isOwn).map((old) => old.checkpointId);
    for (;;) {
      try {
        await this.#log.complete({ checkpointId, kind, manifestPath: path, manifestChecksum }, ids);
        const rest = before.slice(disposed.length);
        this.#standing = kind === 'checkpoint' ? [...rest, completed] : rest;
        return;
      } catch (error) {
        if (isClosed() || !(error instanceof StoreError)) throw error;
        this.#environment.logger.warn('decision not written, trying again', { checkpointId, error });
        await sleep(this.#environment.clock, DECISION_PAUSE_MS);
      }
    }
  }

  discard(checkpoints: readonly CompletedCheckpoint[], kept: readonly string[]): Promise<void> {
    return this.#files.discard(checkpoints, kept);
  }

  /** @param completedId the checkpoint just completed; undefined: the leader begins */
  sweep(completedId: number | undefined): Promise<void> {
    return this.#files.sweep(this.#standing, completedId, () => this.nextId);
  }

  /** The job has ended for good. @returns whether all that is not kept was removed */
  end(keep: boolean): Promise<boolean> {
    return this.#files.end(keep ? this.#standing.filter(isOwn) : []);
  }

  #add({ checkpointId, manifestPath, manifestChecksum }: LoggedCheckpoint, manifest: Manifest): void {
    const completed = { ...completedOf(manifest, manifestPath), checkpointId, manifestChecksum };
    this.#standing = [...this.#standing, completed];
  }
}

/**
 * Opens the snapshot that a job is to begin from, or has begun from and is to remove. A job with checkpoints of its own goes on from
 * them; what it claimed is still there if its leader died too early.
 * @returns undefined where it is of no use any more
 */
export async function openClaim(
  { snapshots }: ActorEnvironment,
  { restorePath, claimMode }: CheckpointPlaces,
  begins: boolean,
): Promise<RestorePoint | undefined> {
  if (restorePath === undefined || (!begins && claimMode !== 'CLAIM')) return undefined;
  try {
    return await openSnapshot(snapshots, restorePath);
  } catch (error) {
    if (begins) throw error;
    return undefined;
  }
}

function locationOf({ kind, manifestPath }: LoggedCheckpoint, uri: string): RestoreLocation {
  return kind === 'checkpoint' ? { uri, path: manifestPath } : { uri: manifestPath, path: MANIFEST_NAME };
}

function isOwn({ takenOverFrom }: CompletedCheckpoint): boolean {
  return takenOverFrom === undefined;
}

/** A snapshot that was completed by somebody else; how long that took is not known. */
function completedOf(manifest: Manifest, path: string): CompletedCheckpoint {
  return {
    checkpointId: manifest.checkpointId,
    kind: manifest.kind,
    path,
    manifestChecksum: '',
    files: filesOf(manifest),
    timestamp: manifest.triggeredAt,
    durationMs: 0,
    stateBytes: 0,
    checkpointedBytes: 0,
  };
}
