import { KeyEntry } from '../hashmap/key-table.ts';

/** A key's row in the working set. */
export class RocksDbRow extends KeyEntry {
  /** Whether the store does not have it as it is here. */
  dirty = false;
}
