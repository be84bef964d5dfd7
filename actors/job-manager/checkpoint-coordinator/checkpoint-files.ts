import type { JobId } from '../../../src/base/ids.ts';
import { isCheckpointFile, sweep } from '../../../src/control/checkpoints/sweep.ts';
import type { SweepMark } from '../../../src/control/checkpoints/sweep.ts';
import type { CompletedCheckpoint } from '../../../src/control/checkpoints/state.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import type { SnapshotStore } from '../../../src/ports/snapshot-store.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';

/**
 * Removes what a job's checkpoints do not need any more. What cannot be removed is logged and tried again by a later sweep: a
 * checkpoint never fails by it.
 */
export class CheckpointFiles {
  readonly #environment: ActorEnvironment;
  readonly #logger: Logger;
  readonly #store: SnapshotStore;
  readonly #sweepEveryMs: number;
  #mark: SweepMark | undefined;
  #sweptAt: number;
  #sweeping = false;

  /** @param sweepEveryMs 0: orphans stay until the job ends */
  constructor(environment: ActorEnvironment, jobId: JobId, store: SnapshotStore, sweepEveryMs: number) {
    this.#environment = environment;
    this.#logger = environment.logger.child({ jobId });
    this.#store = store;
    this.#sweepEveryMs = sweepEveryMs;
    this.#sweptAt = environment.clock.monotonic();
  }

  /** Removes checkpoints that were subsumed. @param kept files that others refer to */
  async discard(checkpoints: readonly CompletedCheckpoint[], kept: readonly string[]): Promise<void> {
    const keep = new Set(kept);
    for (const { files, path, takenOverFrom } of checkpoints) {
      try {
        const store =
          takenOverFrom === undefined
            ? this.#store
            : await this.#environment.snapshots.open(takenOverFrom, true);
        const own = takenOverFrom === undefined ? files.filter((file) => !keep.has(file)) : files;
        // The manifest last: what is left of a snapshot can be read until all of it goes.
        await store.delete(own);
        await store.delete([path]);
      } catch (error) {
        this.#logger.warn('a subsumed checkpoint was not removed', { path, error });
      }
    }
  }

  /**
   * Looks for orphans, if it is time; see `sweep`.
   * @param completedId the checkpoint just completed; undefined: the leader begins
   * @param nextId asked after the files were listed
   */
  async sweep(
    completed: readonly CompletedCheckpoint[],
    completedId: number | undefined,
    nextId: () => number,
  ): Promise<void> {
    const { clock } = this.#environment;
    const due = this.#mark === undefined || clock.monotonic() - this.#sweptAt >= this.#sweepEveryMs;
    if (this.#sweepEveryMs === 0 || this.#sweeping || !due) return;
    this.#sweeping = true;
    try {
      const listed = (await this.#store.list('')).map(({ path }) => path);
      const referenced = new Set(completed.flatMap(({ files, path }) => [...files, path]));
      const found = sweep({ before: this.#mark, listed, referenced, completedId, nextId: nextId() });
      this.#mark = found.mark;
      this.#sweptAt = clock.monotonic();
      if (found.orphans.length === 0) return;
      await this.#store.delete(found.orphans);
      this.#logger.info('files of checkpoints that never came to be removed', {
        files: found.orphans.length,
      });
    } catch (error) {
      this.#logger.warn('files of checkpoints could not be swept', { error });
    } finally {
      this.#sweeping = false;
    }
  }

  /**
   * The job has ended for good: nothing of its checkpoints stays but these. Savepoints in the same folder do.
   * @returns whether everything else was removed; what was not is logged
   */
  async end(kept: readonly CompletedCheckpoint[]): Promise<boolean> {
    const keep = new Set(kept.flatMap(({ files, path }) => [...files, path]));
    try {
      const files = (await this.#store.list('')).map(({ path }) => path);
      await this.#store.delete(files.filter((path) => isCheckpointFile(path) && !keep.has(path)));
      // Whoever finds some of the log finds its newest entry, which tells all.
      const log = files.filter((path) => path.startsWith('log/')).toSorted(byNumber);
      await this.#store.delete(log.slice(0, -1));
      await this.#store.delete(log.slice(-1));
      return true;
    } catch (error) {
      const { location } = this.#store;
      this.#logger.warn('checkpoints of an ended job are left to the next leader', { location, error });
      return false;
    }
  }
}

/** Entries of a log are numbered. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
