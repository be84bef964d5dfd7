import type { StateInfo, StateScope } from '../snapshot/format.ts';
import { StateIncompatibleError } from '../snapshot/errors.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import type { KeyRows } from './key-rows.ts';
import { kindDiffers } from './state-store.ts';
import type { AnyDescriptor } from './state-store.ts';
import type { Stamped } from './ttl-clock.ts';

/** The slots of a key table, in order: states that are open, and states of a snapshot that nobody has opened yet. */
export class RegisteredStates {
  readonly #infos: StateInfo[] = [];

  get infos(): readonly StateInfo[] {
    return this.#infos;
  }

  /** The slot of a state that a snapshot holds; the same name gives the same slot. */
  restore(info: StateInfo): number {
    const known = this.#find(info.name, info.scope);
    if (known >= 0) return known;
    return this.#infos.push(info) - 1;
  }

  /**
   * The slot of a state that is opened. Values of a snapshot get or lose the time of their last update where the state now
   * has, or no longer has, a time to live.
   * @throws StateIncompatibleError when the snapshot's state of this name is another kind
   */
  open(descriptor: AnyDescriptor, scope: StateScope, table: KeyRows, now: number): number {
    const ttl = descriptor.ttlConfig !== undefined;
    const info: StateInfo = { name: descriptor.name, kind: descriptor.kind, scope, ttl };
    const slot = this.#find(descriptor.name, scope);
    if (slot < 0) return this.#infos.push(info) - 1;
    const known = this.#infos[slot] as StateInfo;
    if (known.kind !== descriptor.kind)
      throw new StateIncompatibleError(kindDiffers(descriptor, known.kind).message);
    if (known.ttl !== ttl) {
      const change = (value: unknown): unknown =>
        ttl ? stampAll(value, known.kind, now) : unstampAll(value, known.kind);
      for (const entry of table.entries()) {
        const value = entry.get(slot);
        if (value === undefined) continue;
        table.touch(entry);
        if (scope === 'key') entry.set(slot, change(value));
        else
          for (const [namespace, one] of value as Map<unknown, unknown>)
            (value as Map<unknown, unknown>).set(namespace, change(one));
      }
    }
    this.#infos[slot] = info;
    return slot;
  }

  #find(name: string, scope: StateScope): number {
    return this.#infos.findIndex((info) => info.name === name && info.scope === scope);
  }
}

function stampAll(value: unknown, kind: string, at: number): unknown {
  if (kind === 'list') return (value as unknown[]).map((element) => ({ value: element, at }));
  if (kind === 'map')
    return new Map(
      [...(value as Map<KeyIdentity, unknown>)].map(([key, element]) => [key, { value: element, at }]),
    );
  return { value, at };
}

function unstampAll(value: unknown, kind: string): unknown {
  if (kind === 'list') return (value as Stamped<unknown>[]).map((element) => element.value);
  if (kind === 'map')
    return new Map(
      [...(value as Map<KeyIdentity, Stamped<unknown>>)].map(([key, element]) => [key, element.value]),
    );
  return (value as Stamped<unknown>).value;
}
