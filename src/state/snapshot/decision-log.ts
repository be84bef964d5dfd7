import { InternalError } from '../../base/errors.ts';
import type { Epoch } from '../../base/ids.ts';
import { DECISIONS_KEPT, DECISIONS_PRUNED_AT_ONCE, DECISION_STORE_TRIES } from '../../base/limits.ts';
import type { SnapshotStore } from '../../ports/snapshot-store.ts';
import { afterDecision } from './decision-entry.ts';
import type { CompletedCheckpoint, Decision, DecisionEntry, DecisionState } from './decision-entry.ts';
import { DecisionSlots } from './decision-slots.ts';
import type { DecisionPosition } from './decision-slots.ts';
import { LeadershipLostError } from './errors.ts';

export interface DecisionLogOptions {
  readonly store: SnapshotStore;
  /** Folder of the job in the store; the log is `<root>/decisions`. */
  readonly root: string;
  /** Names the leader: the same one may take over again. */
  readonly token: string;
  /** Entries that stay when older ones are removed, 2 at least. */
  readonly entriesKept?: number;
}

/** What a new leader goes on from. */
export interface Takeover {
  /** Checkpoints that exist, the newest last. */
  readonly completed: readonly CompletedCheckpoint[];
  /** No leader has used this id or a higher one. */
  readonly nextCheckpointId: number;
}

/**
 * The single commit point of a job's checkpoints: a checkpoint exists if and only if its COMPLETE is in the log. Entries are
 * files with consecutive numbers that can be made only once, so leaders that do not know of each other still decide one
 * after the other, and one that was superseded learns it before it can decide anything.
 *
 * A handle is for one leader: `takeOver` once, then decisions, which are carried out in the order of their calls. Each
 * rejects with LeadershipLostError once another leader has taken over: stop, everything of this leader is void. Any other
 * rejection (StoreError) leaves open whether the decision was taken: neither act on it nor undo what it is about (delete
 * files, commit sinks) until the same call, repeated, has resolved, or a new leader's takeover has told.
 */
export class DecisionLog {
  readonly #slots: DecisionSlots;
  readonly #kept: number;
  readonly #token: string;
  #epoch = 0 as Epoch;
  #position: DecisionPosition | undefined;
  /** Lowest slot that may still be taken. */
  #lowest = 1;
  /** Ids up to this one were used by leaders before. */
  #usedBefore = 0;
  readonly #decided = new Set<number>();
  #lost: LeadershipLostError | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor({ store, root, entriesKept = DECISIONS_KEPT, token }: DecisionLogOptions) {
    this.#slots = new DecisionSlots(store, root);
    this.#kept = Math.max(2, entriesKept);
    this.#token = token;
  }

  static open(options: DecisionLogOptions): DecisionLog {
    return new DecisionLog(options);
  }

  /** What the log says now, without taking part; undefined where nothing was ever decided. */
  static async read(store: SnapshotStore, root: string): Promise<DecisionState | undefined> {
    return (await new DecisionSlots(store, root).newest())?.entry.state;
  }

  /**
   * Becomes the leader: from its return on, no leader before can decide anything.
   *
   * @param epoch higher than that of every leader before
   * @throws LeadershipLostError when the log has a leader of this or a higher epoch
   */
  takeOver(epoch: Epoch): Promise<Takeover> {
    return this.#inOrder(async () => {
      if (this.#position !== undefined) throw new InternalError('this decision log was taken over already');
      this.#epoch = epoch;
      const taken = await this.#takeOver();
      const { reservedUpTo, completed } = taken.entry.state;
      this.#lowest = (await this.#slots.taken())[0] ?? 1;
      this.#usedBefore = reservedUpTo;
      this.#position = taken;
      return { completed, nextCheckpointId: reservedUpTo + 1 };
    });
  }

  /** Reserves checkpoint ids: none above may be given out before. Reserve them in blocks. */
  reserve(upTo: number): Promise<void> {
    return this.#decide(({ reservedUpTo }) => (upTo <= reservedUpTo ? undefined : { type: 'RESERVE', upTo }));
  }

  /**
   * Decides that the checkpoint exists, and that those it takes the place of do not any more.
   *
   * @param checkpoint its manifest must be durable, its id reserved by this leader
   * @param disposes ids of checkpoints whose files may be deleted once this has resolved
   */
  complete(checkpoint: Omit<CompletedCheckpoint, 'epoch'>, disposes: readonly number[] = []): Promise<void> {
    const { checkpointId } = checkpoint;
    return this.#decide(({ reservedUpTo }) => {
      if (checkpointId > reservedUpTo || checkpointId <= this.#usedBefore)
        throw new InternalError(`checkpoint ${checkpointId} was not reserved by this leader`);
      if (this.#decided.has(checkpointId)) return undefined;
      return {
        type: 'COMPLETE',
        checkpoint: { ...checkpoint, epoch: this.#epoch },
        disposes: [...disposes],
      };
    });
  }

  /** Decides that checkpoints do not exist any more; ids that are none are left out. Then their files may be deleted. */
  dispose(checkpointIds: readonly number[]): Promise<void> {
    return this.#decide(({ completed }) => {
      const ids = completed
        .map(({ checkpointId }) => checkpointId)
        .filter((checkpointId) => checkpointIds.includes(checkpointId));
      return ids.length === 0 ? undefined : { type: 'DISPOSE', checkpointIds: ids };
    });
  }

  async #takeOver(): Promise<DecisionPosition> {
    for (let tried = 0; tried < DECISION_STORE_TRIES; tried++) {
      const newest = await this.#slots.newest();
      const leader = newest?.entry.state.leader;
      if (leader !== undefined && leader.epoch >= this.#epoch && leader.token !== this.#token)
        throw this.#isLost(leader.epoch);
      const taken = this.#next(newest, { type: 'TAKEOVER' });
      if ((await this.#slots.claim(taken.slot, taken.entry)) && (await this.#slots.isNewest(taken.slot)))
        return taken;
    }
    throw new InternalError(
      `other leaders were first ${DECISION_STORE_TRIES} times in ${this.#slots.location}`,
      { retryable: true },
    );
  }

  /** `choose` makes the decision from the state that it is to follow; undefined: there is nothing to decide. */
  #decide(choose: (state: DecisionState) => Decision | undefined): Promise<void> {
    return this.#inOrder(async () => {
      for (;;) {
        const position = this.#position;
        if (position === undefined) throw new InternalError('this decision log was not taken over yet');
        const decision = choose(position.entry.state);
        if (decision === undefined) return;
        const wanted = this.#next(position, decision);
        const won = await this.#slots.claim(wanted.slot, wanted.entry);
        const entry = won ? wanted.entry : await this.#slots.read(wanted.slot);
        // Either another leader's, or our own, made by a try whose outcome was unknown until now.
        if (entry?.leader.token !== this.#token) throw this.#isLost(entry?.leader.epoch);
        if (!(await this.#slots.isNewest(wanted.slot))) throw this.#isLost(undefined);
        this.#accept({ slot: wanted.slot, entry });
        if (!won) continue;
        await this.#prune();
        return;
      }
    });
  }

  #accept(position: DecisionPosition): void {
    this.#position = position;
    const { decision } = position.entry;
    if (decision.type === 'COMPLETE') this.#decided.add(decision.checkpoint.checkpointId);
  }

  #next(position: DecisionPosition | undefined, decision: Decision): DecisionPosition {
    const leader = { epoch: this.#epoch, token: this.#token };
    const state = afterDecision(position?.entry.state, leader, decision);
    const entry: DecisionEntry = { version: 1, leader, decision, state };
    return { slot: (position?.slot ?? 0) + 1, entry };
  }

  /** Removes old entries, the lowest first: the newest one tells everything, some more let slow leaders see what happened. */
  async #prune(): Promise<void> {
    const end = Math.min(
      (this.#position?.slot ?? 0) - this.#kept + 1,
      this.#lowest + DECISIONS_PRUNED_AT_ONCE,
    );
    try {
      for (; this.#lowest < end; this.#lowest++) await this.#slots.remove(this.#lowest);
    } catch {
      // They do no harm; the next decision tries again.
    }
  }

  #isLost(by: Epoch | undefined): LeadershipLostError {
    this.#lost = new LeadershipLostError(this.#epoch, by, this.#slots.location);
    return this.#lost;
  }

  #inOrder<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      if (this.#lost !== undefined) throw this.#lost;
      return act();
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
