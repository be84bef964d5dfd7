import { SPILL_FAN_IN } from '../../base/limits.ts';
import type { Key } from '../../functions/basic.ts';
import type { SpillFile, SpillFiles } from '../../ports/spill-files.ts';
import type { KeyIdentity } from '../../state/index.ts';
import { KeyGroupTable } from './key-group-table.ts';
import type { KeyedRecords, RecordOrder } from './key-group-table.ts';
import { FileCursor, MemoryCursor } from './run-cursor.ts';
import { RunMerger } from './run-merger.ts';
import { RunReader, RunWriter } from './spilled-run.ts';
import type { KeyOf } from './spilled-run.ts';

export interface SortedInputOptions {
  /** Memory for records; beyond it they go to temporary files. */
  readonly budgetBytes: number;
  readonly files: SpillFiles;
  readonly keyOf: KeyOf;
  readonly order: RecordOrder;
  /** Stops the task until the promise has resolved. */
  waitFor(promise: Promise<unknown>): void;
}

/** A file of sorted records; `level` counts how often they were merged. */
interface Run {
  readonly file: SpillFile;
  readonly level: number;
}

/**
 * Takes records in any order and hands them out key by key, in the order of keys, with bounded memory: what is more than the
 * budget is written to temporary files as sorted runs, which are merged at the end. What stays within it never leaves memory.
 */
export class SortedInput {
  readonly #options: SortedInputOptions;
  readonly #files = new Set<SpillFile>();
  #table: KeyGroupTable;
  /** In the order in which their records arrived. */
  #runs: Run[] = [];
  #spilling: Promise<void> = Promise.resolve();
  #closed = false;
  #reading: { next(): KeyedRecords | Promise<void> | undefined } | undefined;

  constructor(options: SortedInputOptions) {
    this.#options = options;
    this.#table = new KeyGroupTable(options.order);
  }

  add(key: Key, identity: KeyIdentity, value: unknown, timestamp: number, input: number): void {
    this.#table.add(key, identity, value, timestamp, input);
    if (this.#table.estimatedBytes > this.#options.budgetBytes) this.spill();
  }

  /** Writes what is in memory to a file. */
  spill(): void {
    const table = this.#table;
    this.#table = new KeyGroupTable(this.#options.order);
    this.#spilling = this.#spilling.then(() => this.#write(table));
    this.#options.waitFor(this.#spilling);
  }

  /**
   * The next records, all of one key; nothing is added any more. Undefined at the end; `waiting` when the task has to stop
   * until they are read.
   */
  next(): KeyedRecords | 'waiting' | undefined {
    this.#reading ??= this.#startReading();
    const next = this.#reading.next();
    if (!(next instanceof Promise)) return next;
    this.#options.waitFor(next);
    return 'waiting';
  }

  /** Removes all files, also while they are written. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#table = new KeyGroupTable(this.#options.order);
    await this.#spilling.catch(() => {});
    await Promise.all([...this.#files].map((file) => file.remove()));
  }

  #startReading(): { next(): KeyedRecords | Promise<void> | undefined } {
    if (this.#runs.length === 0) {
      const records = this.#table.take();
      return { next: () => records.next().value ?? undefined };
    }
    const rest = new MemoryCursor(this.#table.take());
    let merger: RunMerger | undefined;
    const opened = this.#openCursors(this.#runs).then((cursors) => {
      merger = new RunMerger([...cursors, rest], this.#options.order);
    });
    return { next: () => (merger === undefined ? opened : merger.next()) };
  }

  /** With their first records in front. */
  #openCursors(runs: readonly Run[]): Promise<FileCursor[]> {
    return Promise.all(
      runs.map(async ({ file }) => {
        const cursor = new FileCursor(new RunReader(file, this.#options.keyOf));
        await cursor.advance();
        return cursor;
      }),
    );
  }

  async #write(table: KeyGroupTable): Promise<void> {
    const { file, writer } = await this.#newRun();
    for (const records of table.take()) {
      if (this.#closed) return;
      const full = writer.write(records);
      if (full !== undefined) await full;
    }
    await writer.finish();
    this.#runs.push({ file, level: 0 });
    for (let merged = true; merged && !this.#closed;) merged = await this.#mergeLast();
  }

  async #newRun(): Promise<{ readonly file: SpillFile; readonly writer: RunWriter }> {
    const file = await this.#options.files.create();
    this.#files.add(file);
    return { file, writer: new RunWriter(file) };
  }

  /** Merges the last runs into one where there are many of one level, so that few files are open at the end. */
  async #mergeLast(): Promise<boolean> {
    const last = this.#runs.slice(-SPILL_FAN_IN);
    const level = last[0]?.level ?? 0;
    if (last.length < SPILL_FAN_IN || last.some((run) => run.level !== level)) return false;
    const { file, writer } = await this.#newRun();
    const merger = new RunMerger(await this.#openCursors(last), this.#options.order);
    for (let next = merger.next(); next !== undefined && !this.#closed; next = merger.next()) {
      if (next instanceof Promise) await next;
      else await writer.write(next);
    }
    await writer.finish();
    this.#runs = [...this.#runs.slice(0, -SPILL_FAN_IN), { file, level: level + 1 }];
    for (const run of last) {
      this.#files.delete(run.file);
      await run.file.remove();
    }
    return true;
  }
}
