import { isDeepStrictEqual } from 'node:util';
import type { StateInfo, StateScope } from '../snapshot/format.ts';
import { StateIncompatibleError } from '../snapshot/errors.ts';
import { schemaChange } from './changed-schema.ts';
import type { KeyRows } from './key-rows.ts';
import type { KeyEntry } from './key-table.ts';
import { kindDiffers } from './state-store.ts';
import type { AnyDescriptor } from './state-store.ts';

/** A state that its operator has opened. */
export interface OpenedState {
  readonly info: StateInfo;
  /** As a snapshot held it; undefined: it had none of that name. */
  readonly saved: StateInfo | undefined;
  /** What became of saved values, in words. */
  readonly steps: readonly string[];
}

/** The slots of a key table, in order: states that are open, and states of a snapshot that nobody has opened yet. */
export class RegisteredStates {
  readonly #infos: StateInfo[] = [];
  /** Whether one of them is of key and namespace. */
  namespaced = false;
  /** Brought rows that were there to schemas of today, oldest first: for rows that come later, out of the same snapshot. */
  readonly conversions: ((entry: KeyEntry) => void)[] = [];
  /** Whether a state of a snapshot is not as that says any more. */
  changed = false;

  /** In the order of opening. */
  readonly opened: OpenedState[] = [];

  get infos(): readonly StateInfo[] {
    return this.#infos;
  }

  /** The slot of a state that a snapshot holds; the same name gives the same slot. */
  restore(info: StateInfo): number {
    const known = this.#find(info.name, info.scope);
    if (known >= 0) return known;
    return this.#add(info);
  }

  /**
   * The slot of a state that is opened. Values of a snapshot are brought to its schema, and get or lose the time of their last
   * update where the state now has, or no longer has, a time to live.
   * @throws StateIncompatibleError when the snapshot's state of this name is another kind, or of a schema that cannot be led on
   */
  open(descriptor: AnyDescriptor, scope: StateScope, table: KeyRows, now: number): number {
    const { name, kind, ttlConfig, schema } = descriptor;
    const version = schema === undefined ? {} : { version: schema.version };
    const type = descriptor.declaredType === undefined ? {} : { type: descriptor.declaredType.toJson() };
    const info: StateInfo = { name, kind, scope, ttl: ttlConfig !== undefined, ...version, ...type };
    const slot = this.#find(descriptor.name, scope);
    if (slot < 0) {
      this.opened.push({ info, saved: undefined, steps: [] });
      return this.#add(info);
    }
    const known = this.#infos[slot] as StateInfo;
    if (known.kind !== descriptor.kind)
      throw new StateIncompatibleError(kindDiffers(descriptor, known.kind).message);
    const change = schemaChange(known, info, schema, now);
    if (change !== undefined) {
      const convert = (entry: KeyEntry): void => convertSlot(entry, slot, scope, change);
      for (const entry of table.entries()) {
        if (entry.get(slot) === undefined) continue;
        table.touch(entry);
        convert(entry);
      }
      this.conversions.push(convert);
    }
    this.opened.push({ info, saved: known, steps: schema?.describe?.(known.version ?? 1) ?? [] });
    if (!isDeepStrictEqual(known, info)) this.changed = true;
    this.#infos[slot] = info;
    return slot;
  }

  #add(info: StateInfo): number {
    if (info.scope === 'namespace') this.namespaced = true;
    return this.#infos.push(info) - 1;
  }

  #find(name: string, scope: StateScope): number {
    return this.#infos.findIndex((info) => info.name === name && info.scope === scope);
  }
}

function convertSlot(
  entry: KeyEntry,
  slot: number,
  scope: StateScope,
  change: (value: unknown) => unknown,
): void {
  const value = entry.get(slot);
  if (value === undefined) return;
  if (scope === 'key') entry.set(slot, change(value));
  else
    for (const [namespace, one] of value as Map<unknown, unknown>)
      (value as Map<unknown, unknown>).set(namespace, change(one));
}
