import { SNAPSHOT_ROWS_PER_LOOK } from '../../base/limits.ts';
import { keyFromIdentity } from '../key-encoding.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import type { SnapshotMode, SnapshotRun } from '../keyed-state-backend.ts';
import type { StateInfo } from '../snapshot/format.ts';
import type { StateWriter, WrittenState } from '../snapshot/state-writer.ts';
import { KeyEntry } from './key-table.ts';
import type { KeyTable } from './key-table.ts';
import type { Row, RowVersions } from './row.ts';
import { keyGroupOfIdentity } from './window-table.ts';
import type { PaneRow } from '../pane-row.ts';
import type { HashMapWindowTable } from './window-table.ts';

export interface HashMapSnapshotOptions {
  readonly table: KeyTable;
  readonly states: readonly StateInfo[];
  readonly windowTables: ReadonlyMap<string, HashMapWindowTable<unknown>>;
  readonly versions: RowVersions;
  readonly openWriter: (states: readonly StateInfo[]) => StateWriter;
  readonly mode: SnapshotMode;
}

type WindowRow = PaneRow<unknown>;

/** A window table of the snapshot: its rows as they were when the snapshot began. */
interface WindowSource {
  readonly state: number;
  readonly table: HashMapWindowTable<unknown>;
  readonly dropped: readonly number[];
  readonly panes: readonly ReadonlyMap<KeyIdentity, WindowRow>[];
  readonly changed: readonly WindowRow[];
}

/**
 * A snapshot of the tables as they are when it is made, written while records go on: `step` walks over the rows, and whoever
 * is about to change a row that the walk has not reached has it written first (copy before first touch).
 */
export class HashMapSnapshot implements SnapshotRun {
  readonly #options: HashMapSnapshotOptions;
  readonly #writer: StateWriter;
  /** The interval that this snapshot closes; it is also its number, from 1. */
  readonly #closes: number;
  readonly #number: number;
  readonly #incremental: boolean;
  /** The first interval whose changes a delta holds. */
  readonly #since: number;
  /** What the next delta needs to know stays. */
  readonly #aside: boolean;
  readonly #keyStates: number;
  readonly #changed: readonly KeyEntry[];
  readonly #windows = new Map<object, WindowSource>();
  readonly #walk: Iterator<void, undefined>;
  #walked = false;

  constructor(options: HashMapSnapshotOptions) {
    const { versions, table, states, windowTables } = options;
    this.#options = options;
    this.#aside = options.mode === 'aside';
    this.#closes = versions.current;
    this.#number = versions.current + 1;
    const windowInfos = [...windowTables.keys()].map((name): StateInfo => ({
      name,
      kind: 'window',
      scope: 'window',
      ttl: false,
    }));
    this.#keyStates = states.length;
    this.#writer = options.openWriter([...states, ...windowInfos]);
    this.#changed = this.#aside ? [] : table.changed.take();
    for (const [index, window] of [...windowTables.values()].entries()) {
      this.#windows.set(window, {
        state: this.#keyStates + index,
        table: window,
        dropped: this.#aside ? [] : window.takeDropped(),
        panes: window.panes().map(([, pane]) => pane),
        changed: this.#aside ? [] : window.changed.take(),
      });
    }
    const { incremental, since } = versions.begin(options.mode);
    this.#incremental = incremental;
    this.#since = since;
    versions.save = (row) => this.#save(row);
    this.#walk = this.#rows();
  }

  get congested(): boolean {
    return this.#writer.congested;
  }

  drained(): Promise<void> {
    return this.#writer.drained();
  }

  step(isOver: () => boolean): boolean {
    while (!this.#walked) {
      for (let rows = 0; rows < SNAPSHOT_ROWS_PER_LOOK; rows += 1) {
        if (this.#walk.next().done !== true) continue;
        this.#end();
        return true;
      }
      if (this.#writer.congested || isOver()) return false;
    }
    return true;
  }

  finish(): Promise<WrittenState> {
    return this.#writer.finish();
  }

  abandon(): void {
    if (this.#walked) return;
    this.#end();
  }

  async abort(): Promise<void> {
    this.abandon();
    await this.#writer.abort();
  }

  #end(): void {
    this.#walked = true;
    this.#options.versions.save = undefined;
  }

  *#rows(): Generator<void, undefined> {
    const { table } = this.#options;
    if (this.#incremental) {
      for (const entry of this.#changed) {
        this.#saveEntry(entry);
        yield;
      }
    } else {
      for (const entry of table.entries()) {
        this.#saveEntry(entry);
        yield;
      }
    }
    for (const source of this.#windows.values()) {
      if (this.#incremental) {
        for (const window of source.dropped) this.#writer.drop(source.state, window);
        for (const row of source.changed) {
          this.#saveWindowRow(source, row);
          yield;
        }
      } else {
        for (const pane of source.panes) {
          for (const row of pane.values()) {
            this.#saveWindowRow(source, row);
            yield;
          }
        }
      }
    }
    return undefined;
  }

  /** Called before a row is changed or read for a change. */
  #save(row: Row): void {
    if (row instanceof KeyEntry) this.#saveEntry(row);
    else {
      const cell = row as WindowRow;
      const source = cell.table === undefined ? undefined : this.#windows.get(cell.table);
      if (source !== undefined) this.#saveWindowRow(source, cell);
    }
  }

  /** Whether the row belongs to this snapshot and is not in it yet. */
  #isOpen(row: Row): boolean {
    if (row.version > this.#closes || row.saved >= this.#number) return false;
    return !this.#incremental || row.version >= this.#since;
  }

  #saveEntry(entry: KeyEntry): void {
    if (!this.#isOpen(entry)) return;
    const outdated = this.#incremental && entry.cleared && entry.saved > 0;
    entry.saved = this.#number;
    if (!this.#aside) entry.cleared = false;
    const key = keyFromIdentity(entry.identity);
    if (outdated) this.#writer.remove(0, entry.group, key);
    for (let slot = 0; slot < this.#keyStates; slot += 1) {
      const value = entry.get(slot);
      if (value !== undefined) this.#writer.put(slot, entry.group, key, value);
    }
  }

  #saveWindowRow({ state, table }: WindowSource, row: WindowRow): void {
    if (!this.#isOpen(row)) return;
    const known = row.saved > 0;
    row.saved = this.#number;
    const group = keyGroupOfIdentity(row.identity, this.#options.table.maxParallelism);
    const key = [row.window, keyFromIdentity(row.identity)];
    const gone = row.removedAt >= 0 && row.removedAt <= this.#closes;
    if (!gone) this.#writer.put(state, group, key, table.codec.toPlain(row.value));
    else if (known) this.#writer.remove(state, group, key);
  }
}
