import type { RegisteredStates } from '../hashmap/registered-states.ts';
import { keyIdentity } from '../key-encoding.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { StateReader } from '../snapshot/state-reader.ts';
import { isTimerState } from '../timers/timer-service.ts';
import { groupsOf } from './group-files.ts';

/** A key's timers, by the slot of their state. */
type Timers = Map<number, unknown>;

/** Timers of key groups whose rows are elsewhere: when the next one is due has to be known before the rows are. */
export class RestoredTimers {
  readonly #groups = new Map<number, Map<KeyIdentity, Timers>>();

  /** Applies files, oldest first. @throws as StateReader.visit */
  async read(
    readers: readonly StateReader[],
    keyGroups: KeyGroupRange,
    states: RegisteredStates,
  ): Promise<void> {
    if (!readers.some(({ index }) => index.states.some(({ name }) => isTimerState(name)))) return;
    for (const reader of readers) {
      const slots = reader.index.states.map((info) =>
        isTimerState(info.name) && info.scope === 'key' ? states.restore(info) : -1,
      );
      await reader.visit(
        keyGroups,
        {
          drop: () => {},
          remove: (_, group, key) => this.#groups.get(group)?.delete(keyIdentity(key)),
          put: (state, group, key, value) =>
            this.#timersOf(group, keyIdentity(key)).set(slots[state] as number, value),
        },
        (state, kind) =>
          kind === 'remove' ? reader.index.states[state]?.scope !== 'window' : slots[state] !== -1,
      );
    }
  }

  *valuesOf(slot: number): Generator<readonly [KeyIdentity, unknown]> {
    for (const group of this.#groups.values())
      for (const [identity, timers] of group) {
        const value = timers.get(slot);
        if (value !== undefined) yield [identity, value];
      }
  }

  /** The rows of these groups have come: they hold the timers. */
  forget(groups: KeyGroupRange): void {
    for (const group of groupsOf(groups)) this.#groups.delete(group);
  }

  #timersOf(group: number, identity: KeyIdentity): Timers {
    let keys = this.#groups.get(group);
    if (keys === undefined) this.#groups.set(group, (keys = new Map()));
    let timers = keys.get(identity);
    if (timers === undefined) keys.set(identity, (timers = new Map()));
    return timers;
  }
}
