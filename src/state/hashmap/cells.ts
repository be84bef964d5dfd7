import type { Namespace } from '../keyed-state-backend.ts';
import type { KeyPlace, KeyTable } from './key-table.ts';

/** Place of one state's value for whatever key (and namespace) is current. `undefined` means: no value. */
export interface Cell<T> {
  get(): T | undefined;
  set(value: T): void;
  clear(): void;
  /** Clears the values of a key, current or not, for which `isOver`; it may also shorten them. */
  sweep(place: KeyPlace, isOver: (value: T) => boolean): void;
}

/** State of the key alone: a slot in the key's entry. */
export class KeyCell<T> implements Cell<T> {
  readonly #table: KeyTable;
  readonly #slot: number;

  constructor(table: KeyTable, slot: number) {
    this.#table = table;
    this.#slot = slot;
  }

  get(): T | undefined {
    return this.#table.find()?.get(this.#slot) as T | undefined;
  }

  set(value: T): void {
    const entry = this.#table.findOrCreate();
    if (entry.get(this.#slot) === undefined) entry.used += 1;
    entry.set(this.#slot, value);
  }

  clear(): void {
    this.#table.clearSlot(this.#slot);
  }

  sweep(place: KeyPlace, isOver: (value: T) => boolean): void {
    const value = place.entry.get(this.#slot) as T | undefined;
    if (value !== undefined && isOver(value)) this.#table.clearSlotAt(place, this.#slot);
  }
}

/** State of key and namespace: the slot holds a map from namespace to value. */
export class NamespaceCell<T> implements Cell<T> {
  readonly #table: KeyTable;
  readonly #slot: number;
  readonly #current: { readonly namespace: Namespace };

  constructor(table: KeyTable, slot: number, current: { readonly namespace: Namespace }) {
    this.#table = table;
    this.#slot = slot;
    this.#current = current;
  }

  get(): T | undefined {
    return this.#values()?.get(this.#current.namespace);
  }

  set(value: T): void {
    const values = this.#values();
    if (values !== undefined) {
      values.set(this.#current.namespace, value);
      return;
    }
    const entry = this.#table.findOrCreate();
    entry.used += 1;
    entry.set(this.#slot, new Map([[this.#current.namespace, value]]));
  }

  clear(): void {
    const values = this.#values();
    if (values === undefined) return;
    values.delete(this.#current.namespace);
    if (values.size === 0) this.#table.clearSlot(this.#slot);
  }

  sweep(place: KeyPlace, isOver: (value: T) => boolean): void {
    const values = place.entry.get(this.#slot) as Map<Namespace, T> | undefined;
    if (values === undefined) return;
    for (const [namespace, value] of values) if (isOver(value)) values.delete(namespace);
    if (values.size === 0) this.#table.clearSlotAt(place, this.#slot);
  }

  #values(): Map<Namespace, T> | undefined {
    return this.#table.find()?.get(this.#slot) as Map<Namespace, T> | undefined;
  }
}
