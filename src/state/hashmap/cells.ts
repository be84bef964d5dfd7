import type { Namespace } from '../keyed-state-backend.ts';
import type { Expiry } from './expiry.ts';
import type { KeyRows } from './key-rows.ts';
import type { KeyEntry } from './key-table.ts';
import type { TtlClock } from './ttl-clock.ts';

/** Place of one state's value for whatever key (and namespace) is current. `undefined` means: no value. */
export interface Cell<T> {
  get(): T | undefined;
  set(value: T): void;
  /** To be called when the value that `get` gave was changed in place. */
  modified(): void;
  clear(): void;
  /** Removes what is expired of a key's values, current or not. */
  sweep(entry: KeyEntry, expiry: Expiry<T>, clock: TtlClock): void;
}

/** State of the key alone: a slot in the key's entry. */
export class KeyCell<T> implements Cell<T> {
  readonly #table: KeyRows;
  readonly #slot: number;

  constructor(table: KeyRows, slot: number) {
    this.#table = table;
    this.#slot = slot;
  }

  get(): T | undefined {
    return this.#table.find()?.get(this.#slot) as T | undefined;
  }

  set(value: T): void {
    const entry = this.#table.change();
    if (entry.get(this.#slot) === undefined) entry.used += 1;
    entry.set(this.#slot, value);
  }

  modified(): void {
    this.#table.change();
  }

  clear(): void {
    this.#table.clearSlot(this.#slot);
  }

  sweep(entry: KeyEntry, expiry: Expiry<T>, clock: TtlClock): void {
    const value = entry.get(this.#slot) as T | undefined;
    const expired = value === undefined ? 'none' : expiry.look(value, clock);
    if (value === undefined || expired === 'none') return;
    this.#table.touch(entry);
    if (expired === 'all') this.#table.clearSlotOf(entry, this.#slot);
    else expiry.shorten(value, clock);
  }
}

/** State of key and namespace: the slot holds a map from namespace to value. */
export class NamespaceCell<T> implements Cell<T> {
  readonly #table: KeyRows;
  readonly #slot: number;
  readonly #current: { readonly namespace: Namespace };

  constructor(table: KeyRows, slot: number, current: { readonly namespace: Namespace }) {
    this.#table = table;
    this.#slot = slot;
    this.#current = current;
  }

  get(): T | undefined {
    return this.#values()?.get(this.#current.namespace);
  }

  set(value: T): void {
    const entry = this.#table.change();
    const values = entry.get(this.#slot) as Map<Namespace, T> | undefined;
    if (values !== undefined) {
      values.set(this.#current.namespace, value);
      return;
    }
    entry.used += 1;
    entry.set(this.#slot, new Map([[this.#current.namespace, value]]));
  }

  modified(): void {
    this.#table.change();
  }

  clear(): void {
    const values = this.#values();
    if (values === undefined || !values.has(this.#current.namespace)) return;
    this.#table.change();
    values.delete(this.#current.namespace);
    if (values.size === 0) this.#table.clearSlot(this.#slot);
  }

  sweep(entry: KeyEntry, expiry: Expiry<T>, clock: TtlClock): void {
    const values = (entry.get(this.#slot) as Map<Namespace, T> | undefined) ?? new Map<Namespace, T>();
    for (const [namespace, value] of values) {
      const expired = expiry.look(value, clock);
      if (expired === 'none') continue;
      this.#table.touch(entry);
      if (expired === 'some') expiry.shorten(value, clock);
      else values.delete(namespace);
      if (values.size === 0) this.#table.clearSlotOf(entry, this.#slot);
    }
  }

  #values(): Map<Namespace, T> | undefined {
    return this.#table.find()?.get(this.#slot) as Map<Namespace, T> | undefined;
  }
}
