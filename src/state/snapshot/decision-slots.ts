import { InternalError } from '../../base/errors.ts';
import { DECISION_STORE_TRIES } from '../../base/limits.ts';
import type { SnapshotStore } from '../../ports/snapshot-store.ts';
import { decodeDecision, encodeDecision } from './decision-entry.ts';
import type { DecisionEntry } from './decision-entry.ts';
import { SnapshotCorruptError, SnapshotNotFoundError, SnapshotVersionError } from './errors.ts';

/** An entry and its slot. */
export interface DecisionPosition {
  readonly slot: number;
  readonly entry: DecisionEntry;
}

/** The files `<root>/decisions/<n>` of a decision log: n from 1, each made once; the newest is never removed. */
export class DecisionSlots {
  readonly #store: SnapshotStore;
  readonly #folder: string;

  constructor(store: SnapshotStore, root: string) {
    this.#store = store;
    this.#folder = root === '' ? 'decisions' : `${root}/decisions`;
  }

  /** The folder as people write it, for errors. */
  get location(): string {
    return `${this.#store.location}/${this.#folder}`;
  }

  /** Slots that are taken, ascending. */
  async taken(): Promise<readonly number[]> {
    const files = await this.#persistently(() => this.#store.list(this.#folder));
    return files
      .map(({ path }) => path.slice(this.#folder.length + 1))
      .filter((name) => /^[1-9]\d*$/.test(name))
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  /** Undefined where the slot is free, or was removed. */
  async read(slot: number): Promise<DecisionEntry | undefined> {
    const path = this.#pathOf(slot);
    const content = await this.#persistently(async () => {
      try {
        return await this.#store.read(path);
      } catch (error) {
        if (error instanceof SnapshotNotFoundError) return undefined;
        throw error;
      }
    });
    return content === undefined ? undefined : decodeDecision(path, content);
  }

  /** The newest entry; undefined where the log is empty. */
  async newest(): Promise<DecisionPosition | undefined> {
    for (let tried = 0; tried < DECISION_STORE_TRIES; tried++) {
      const slot = (await this.taken()).at(-1);
      if (slot === undefined) return undefined;
      const entry = await this.read(slot);
      // Removed since it was listed: there are newer ones.
      if (entry !== undefined) return { slot, entry };
    }
    throw new InternalError(`the decisions in ${this.location} are removed faster than they can be read`);
  }

  /**
   * Puts the entry into a slot; false when an entry is there. That may be this very one: a try whose outcome is unknown is
   * repeated, and the store may have carried it out.
   */
  claim(slot: number, entry: DecisionEntry): Promise<boolean> {
    const content = encodeDecision(entry);
    return this.#persistently(() => this.#store.createExclusive(this.#pathOf(slot), content));
  }

  /**
   * Whether a claimed slot is the newest. One that is not may have been taken before, removed, and only then been claimed: the
   * newest entries are never removed, so higher slots tell. (The entry before it would not: a store may carry out a call
   * that it had seemed to lose, and make a removed entry anew.)
   */
  async isNewest(slot: number): Promise<boolean> {
    return (await this.taken()).at(-1) === slot;
  }

  async remove(slot: number): Promise<void> {
    await this.#store.delete([this.#pathOf(slot)]);
  }

  #pathOf(slot: number): string {
    return `${this.#folder}/${slot}`;
  }

  async #persistently<T>(act: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      try {
        return await act();
      } catch (error) {
        if (isFinal(error) || tried >= DECISION_STORE_TRIES) throw error;
      }
    }
  }
}

function isFinal(error: unknown): boolean {
  return (
    error instanceof InternalError ||
    error instanceof SnapshotCorruptError ||
    error instanceof SnapshotVersionError
  );
}
