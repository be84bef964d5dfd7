import type { SnapshotRun } from '../keyed-state-backend.ts';
import type { StateReader } from '../snapshot/state-reader.ts';
import type { WrittenState } from '../snapshot/state-writer.ts';

export interface CopyingSnapshotOptions {
  /** The snapshot of what is here. */
  readonly run: SnapshotRun;
  /** Writes the groups that were remote when it began, unless `isAborted`. */
  copy(isAborted: () => boolean): Promise<void>;
  move(file: StateReader): Promise<void>;
}

/**
 * A whole snapshot taken while key groups are remote: what is here is written between records, as ever; the others are copied from
 * the files that they are in, in the background. They are what they were when it began, since nothing changes a remote group.
 */
export class CopyingSnapshot implements SnapshotRun {
  readonly #options: CopyingSnapshotOptions;
  #aborted = false;

  constructor(options: CopyingSnapshotOptions) {
    this.#options = options;
  }

  get congested(): boolean {
    return this.#options.run.congested;
  }

  drained(): Promise<void> {
    return this.#options.run.drained();
  }

  step(isOver: () => boolean): boolean {
    return this.#options.run.step(isOver);
  }

  async finish(): Promise<WrittenState> {
    await this.#options.copy(() => this.#aborted);
    return this.#options.run.finish();
  }

  moveRemote(file: StateReader): Promise<void> {
    return this.#options.move(file);
  }

  abort(): Promise<void> {
    this.#aborted = true;
    return this.#options.run.abort();
  }
}
