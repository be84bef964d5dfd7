import type { KeyIdentity } from './key-encoding.ts';

/** One key's value in one window. An operator's value may be its own row: one object less for each key. */
export class PaneRow<V> {
  readonly identity: KeyIdentity;
  value: V;
  /** The table that it is in. */
  table: object | undefined = undefined;
  window = 0;
  version = 0;
  saved = 0;
  /** The interval in which it was removed or its pane dropped; -1 while it is there. */
  removedAt = -1;

  /** @param value left out where the row is to be its own value */
  constructor(identity: KeyIdentity, value?: V) {
    this.identity = identity;
    this.value = value as V;
  }
}
