import { SNAPSHOT_ROWS_PER_LOOK } from '../../base/limits.ts';
import type { LocalScan, LocalStore } from '../../ports/local-store.ts';
import type { RowVersions } from '../hashmap/row.ts';
import { keyFromIdentity } from '../key-encoding.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import type { SnapshotMode, SnapshotRun } from '../keyed-state-backend.ts';
import type { StateWriter, WrittenState } from '../snapshot/state-writer.ts';
import type { RocksDbRow } from './rocksdb-row.ts';
import type { RocksDbRows } from './rocksdb-rows.ts';
import type { RowKeys } from './row-keys.ts';

export interface RocksDbSnapshotOptions {
  readonly store: LocalStore;
  readonly keys: RowKeys;
  readonly rows: RocksDbRows;
  readonly versions: RowVersions;
  /** Number of states of keys: the first ones of the writer. */
  readonly states: number;
  readonly writer: StateWriter;
  readonly mode: SnapshotMode;
  /** The part of the snapshot that holds the window tables; its writer is `writer`. */
  readonly windows: SnapshotRun & { abandon(): void };
}

/**
 * A snapshot of the rows as they are when it is made, written while records go on. What the store holds comes from walks over
 * the store that see it as it was; rows of the working set that are dirty come from there, each before it is changed or
 * written back.
 */
export class RocksDbSnapshot implements SnapshotRun {
  readonly #options: RocksDbSnapshotOptions;
  /** The interval that this snapshot closes; snapshots are numbered from 1. */
  readonly #closes: number;
  readonly #number: number;
  readonly #incremental: boolean;
  /** The first interval whose changes a delta holds. */
  readonly #since: number;
  /** Rows that came from the working set: what the store has of them is older. */
  readonly #saved = new Set<KeyIdentity>();
  readonly #held: readonly ReadonlyMap<KeyIdentity, RocksDbRow>[];
  readonly #stored: LocalScan;
  readonly #changes: LocalScan | undefined;
  readonly #walk: Iterator<void, undefined>;
  #windowsWalked = false;
  #walked = false;

  constructor(options: RocksDbSnapshotOptions) {
    const { store, keys, versions, rows, mode } = options;
    this.#options = options;
    this.#closes = versions.current;
    this.#number = versions.current + 1;
    this.#held = rows.generations();
    this.#stored = store.scan(...keys.rows, { values: true });
    const { incremental, since } = versions.begin(mode);
    this.#incremental = incremental;
    this.#since = since;
    this.#changes = incremental
      ? store.scan(...keys.changes(since, this.#closes), { values: false })
      : undefined;
    versions.save = (row) => this.#save(row as RocksDbRow);
    this.#walk = this.#rows();
  }

  get congested(): boolean {
    return this.#options.writer.congested;
  }

  drained(): Promise<void> {
    return this.#options.writer.drained();
  }

  step(isOver: () => boolean): boolean {
    if (this.#walked) return true;
    if (!this.#windowsWalked) {
      if (!this.#options.windows.step(isOver)) return false;
      this.#windowsWalked = true;
    }
    for (;;) {
      for (let rows = 0; rows < SNAPSHOT_ROWS_PER_LOOK; rows += 1) {
        if (this.#walk.next().done !== true) continue;
        this.#end();
        return true;
      }
      if (this.#options.writer.congested || isOver()) return false;
    }
  }

  finish(): Promise<WrittenState> {
    return this.#options.windows.finish();
  }

  abandon(): void {
    this.#options.windows.abandon();
    if (!this.#walked) this.#end();
  }

  async abort(): Promise<void> {
    this.abandon();
    await this.#options.windows.abort();
  }

  #end(): void {
    const { store, keys, versions, mode } = this.#options;
    this.#walked = true;
    versions.save = undefined;
    this.#stored.close();
    this.#changes?.close();
    if (mode !== 'aside') store.deleteRange(...keys.changes(0, this.#closes));
  }

  *#rows(): Generator<void, undefined> {
    for (const generation of this.#held) {
      for (const row of generation.values()) {
        this.#save(row);
        yield;
      }
    }
    if (this.#changes === undefined) yield* this.#storedRows();
    else yield* this.#changedRows(this.#changes);
    return undefined;
  }

  *#storedRows(): Generator<void, undefined> {
    const { keys, rows } = this.#options;
    for (;;) {
      const found = this.#stored.next(SNAPSHOT_ROWS_PER_LOOK);
      if (found.length === 0) return undefined;
      for (let index = 0; index < found.length; index += 2) {
        const key = found[index] as Uint8Array;
        const identity = keys.identityOf(key);
        if (!this.#saved.has(identity))
          this.#put(rows.codec.decode(identity, keys.groupOf(key), found[index + 1] as Uint8Array));
        yield;
      }
    }
  }

  *#changedRows(changes: LocalScan): Generator<void, undefined> {
    const { keys } = this.#options;
    for (;;) {
      const found = changes.next(SNAPSHOT_ROWS_PER_LOOK);
      if (found.length === 0) return undefined;
      for (let index = 0; index < found.length; index += 2) {
        const key = found[index] as Uint8Array;
        const identity = keys.identityOf(key);
        if (!this.#saved.has(identity)) this.#putChanged(identity, keys.groupOf(key), keys.intervalOf(key));
        yield;
      }
    }
  }

  /** Writes a row as the store had it, which may be gone. One that was changed again later has another note of that. */
  #putChanged(identity: KeyIdentity, group: number, interval: number): void {
    const { keys, rows, writer } = this.#options;
    const key = keys.row(group, identity);
    this.#stored.seek(key);
    const [found, value] = this.#stored.next(1);
    if (found === undefined || Buffer.compare(found, key) !== 0)
      writer.remove(0, group, keyFromIdentity(identity));
    else {
      const row = rows.codec.decode(identity, group, value as Uint8Array);
      if (row.version === interval) this.#put(row);
    }
  }

  /** Called before a row of the working set is changed, read for a change, or written back. */
  #save(row: RocksDbRow): void {
    if (!row.dirty || row.version > this.#closes || row.saved >= this.#number) return;
    if (this.#incremental && row.version < this.#since) return;
    row.saved = this.#number;
    this.#saved.add(row.identity);
    this.#put(row);
  }

  #put(row: RocksDbRow): void {
    const { states, writer } = this.#options;
    const key = keyFromIdentity(row.identity);
    if (this.#incremental && row.cleared) writer.remove(0, row.group, key);
    for (let slot = 0; slot < states; slot += 1) {
      const value = row.get(slot);
      if (value !== undefined) writer.put(slot, row.group, key, value);
    }
  }
}
