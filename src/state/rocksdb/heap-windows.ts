import { HashMapSnapshot } from '../hashmap/hashmap-snapshot.ts';
import { KeyTable } from '../hashmap/key-table.ts';
import { RowVersions } from '../hashmap/row.ts';
import { HashMapWindowTable } from '../hashmap/window-table.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { PaneCodec, SnapshotMode, WindowTable } from '../keyed-state-backend.ts';
import type { StateInfo } from '../snapshot/format.ts';
import type { StateWriter } from '../snapshot/state-writer.ts';

const PLAIN: PaneCodec<unknown> = { toPlain: (value) => value, fromPlain: (plain) => plain };

/**
 * Window tables of an operator whose other state is in a store. They stay on the heap: an operator walks over a pane as a map
 * and changes its values in place, and a window's panes go as a whole when it fires.
 */
export class HeapWindows {
  readonly #versions = new RowVersions();
  readonly #noKeys: KeyTable;
  readonly #tables = new Map<string, HashMapWindowTable<unknown>>();
  readonly #opened = new Set<string>();

  constructor(keyGroups: KeyGroupRange, maxParallelism: number) {
    this.#noKeys = new KeyTable(keyGroups, maxParallelism, this.#versions);
  }

  open<V>(name: string, codec: PaneCodec<V> = PLAIN as PaneCodec<V>): WindowTable<V> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new HashMapWindowTable<unknown>(this.#versions, codec as PaneCodec<unknown>);
      this.#tables.set(name, table);
    } else if (!this.#opened.has(name)) table.adopt(codec as PaneCodec<unknown>);
    this.#opened.add(name);
    return table as unknown as WindowTable<V>;
  }

  /** The table of a snapshot, in plain form until it is opened. */
  restored(name: string): HashMapWindowTable<unknown> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new HashMapWindowTable<unknown>(this.#versions, PLAIN);
      this.#tables.set(name, table);
    }
    return table;
  }

  /** Begins the tables' part of a snapshot, behind `states`, whose rows are for the caller to write. */
  beginSnapshot(
    states: readonly StateInfo[],
    openWriter: (states: readonly StateInfo[]) => StateWriter,
    mode: SnapshotMode,
  ): { readonly writer: StateWriter; readonly run: HashMapSnapshot } {
    const opened: StateWriter[] = [];
    const run = new HashMapSnapshot({
      table: this.#noKeys,
      states,
      windowTables: this.#tables,
      versions: this.#versions,
      openWriter: (infos) => {
        const writer = openWriter(infos);
        opened.push(writer);
        return writer;
      },
      mode,
    });
    return { writer: opened[0] as StateWriter, run };
  }

  /** The tables came out of files that the next delta builds on. */
  goOn(): void {
    this.#versions.goOn();
    for (const table of this.#tables.values()) table.restoredFromChain(this.#versions.current);
  }

  stopTracking(): void {
    this.#versions.tracking = false;
  }
}
