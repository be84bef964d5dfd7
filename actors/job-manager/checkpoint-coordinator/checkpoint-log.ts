import { InternalError } from '../../../src/base/errors.ts';
import type { Epoch } from '../../../src/base/ids.ts';
import type { CompletedCheckpoint } from '../../../src/control/checkpoints/state.ts';
import type { Random } from '../../../src/ports/random.ts';
import type { SnapshotStore } from '../../../src/ports/snapshot-store.ts';

/** Name of a manifest in the folder of its checkpoint or savepoint. */
export const MANIFEST_NAME = '_metadata';

type Entry =
  | { readonly type: 'takeover'; readonly epoch: number; readonly token: string }
  | {
      readonly type: 'complete';
      readonly epoch: number;
      readonly token: string;
      readonly checkpoint: CompletedCheckpoint;
    };

/** Checkpoint ids are reserved in steps, so that ids that were given up are not used by the next leader. */
const RESERVED_IDS = 1_000;

/** The log of decisions of one job: a checkpoint exists if and only if its entry does. */
export class CheckpointLog {
  readonly #store: SnapshotStore;
  readonly #token: string;
  #next = 1;
  #completed: CompletedCheckpoint[] = [];
  #highest = 0;

  private constructor(store: SnapshotStore, token: string) {
    this.#store = store;
    this.#token = token;
  }

  static async open(store: SnapshotStore, random: Random): Promise<CheckpointLog> {
    const log = new CheckpointLog(store, random.hex(8));
    await log.#readOn();
    return log;
  }

  async takeOver(
    epoch: Epoch,
  ): Promise<{ readonly completed: readonly CompletedCheckpoint[]; readonly nextId: number }> {
    await this.#append({ type: 'takeover', epoch, token: this.#token }, epoch);
    const nextId =
      this.#highest === 0 ? 1 : (Math.floor(this.#highest / RESERVED_IDS) + 1) * RESERVED_IDS + 1;
    return { completed: [...this.#completed], nextId };
  }

  async complete(epoch: Epoch, checkpoint: CompletedCheckpoint): Promise<void> {
    await this.#append({ type: 'complete', epoch, token: this.#token, checkpoint }, epoch);
  }

  async #append(entry: Entry, epoch: number): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(entry));
    for (;;) {
      const created = await this.#store.createExclusive(`decisions/${this.#next}`, bytes);
      if (created) {
        this.#note(entry);
        this.#next += 1;
        return;
      }
      await this.#readOn(epoch);
    }
  }

  async #readOn(epoch = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      const path = `decisions/${this.#next}`;
      if ((await this.#store.size(path)) === undefined) return;
      const entry = JSON.parse(new TextDecoder().decode(await this.#store.read(path))) as Entry;
      if (entry.epoch > epoch)
        throw new InternalError(`another JobManager leads this job since epoch ${entry.epoch}`);
      this.#note(entry);
      this.#next += 1;
    }
  }

  #note(entry: Entry): void {
    if (entry.type !== 'complete') return;
    this.#completed.push(entry.checkpoint);
    this.#highest = Math.max(this.#highest, entry.checkpoint.checkpointId);
  }
}
