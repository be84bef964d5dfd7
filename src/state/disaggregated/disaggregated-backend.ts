import { InternalError } from '../../base/errors.ts';
import { GROUP_LOAD_ROWS } from '../../base/limits.ts';
import type { Key } from '../../functions/basic.ts';
import type { ValueStateDescriptor } from '../../functions/state.ts';
import type { Clock } from '../../ports/clock.ts';
import { restoreHashMap } from '../hashmap/restore.ts';
import { keyFromIdentity } from '../key-encoding.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { SnapshotMode, SnapshotRun } from '../keyed-state-backend.ts';
import { readRows } from '../rocksdb/read-rows.ts';
import { RocksDbStateBackend } from '../rocksdb/rocksdb-backend.ts';
import type { RocksDbStateBackendOptions } from '../rocksdb/rocksdb-backend.ts';
import type { RocksDbRow } from '../rocksdb/rocksdb-row.ts';
import type { StateInfo } from '../snapshot/format.ts';
import type { StateReader } from '../snapshot/state-reader.ts';
import type { StateWriter } from '../snapshot/state-writer.ts';
import { isTimerState } from '../timers/timer-service.ts';
import { CacheBound } from './cache-bound.ts';
import { CopyingSnapshot } from './copying-snapshot.ts';
import { GroupFiles, groupsOf, RowFiles } from './group-files.ts';
import { GroupLoader } from './group-loader.ts';
import { Pacer } from './pacer.ts';
import { RestoredTimers } from './restored-timers.ts';

/** Of rows out of files: older than any change. */
const RESTORED_VERSION = 0;

export interface DisaggregatedStateBackendOptions extends RocksDbStateBackendOptions {
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'setTimeout'>;
  /** Of state files, so much is loaded together where key groups are small. */
  readonly loadBytes: number;
  /** What groups that are here may come to in state files, but for those that changed since; missing: all may be here. */
  readonly cacheBytes?: number | undefined;
}

/**
 * Keyed state whose truth is in the files of checkpoints, with a local RocksDB as a cache (`state.backend.type: forst`): after a
 * restore a key group's rows stay in their files until one of them is used, or their turn comes. Windows and timers are brought at
 * once: they are needed to know what is due.
 */
export class DisaggregatedStateBackend extends RocksDbStateBackend {
  readonly remote: GroupLoader;
  readonly #files = new GroupFiles();
  readonly #timers = new RestoredTimers();
  readonly #pacer: Pacer;
  readonly #loadBytes: number;

  constructor(options: DisaggregatedStateBackendOptions) {
    super(options);
    this.#pacer = new Pacer(options.clock);
    this.#loadBytes = options.loadBytes;
    const { keyGroups, cacheBytes } = options;
    const bound =
      cacheBytes === undefined
        ? undefined
        : new CacheBound({
            keyGroups,
            bytes: cacheBytes,
            bytesOf: (group) => this.#files.bytesOf(group),
            isHere: (group) => this.remote.isHere(group),
            isClean: (group) => this.rows.lastChange(group) <= (this.#files.of(group)?.upTo ?? -2),
          });
    this.remote = new GroupLoader({
      maxParallelism: options.maxParallelism,
      sliceAt: (group, wants) => this.#files.slice(group, wants, this.#loadBytes),
      load: (groups, isClosed) => this.#load(groups, isClosed),
      arrived: (groups) => this.#timers.forget(groups),
      bound,
      drop: (groups) => this.#drop(groups),
    });
  }

  /** Reads indexes, windows and timers; the rest comes when it is used, or by and by. May be called for several subtasks' files. */
  override async restore(readers: readonly StateReader[]): Promise<void> {
    await restoreHashMap(readers, this.restoreTarget, ({ scope }) => scope === 'window');
    for (const { index } of readers)
      for (const info of index.states) if (info.scope !== 'window') this.states.restore(info);
    await this.#timers.read(readers, this.keyGroups, this.states);
    const files = new RowFiles(readers, this.states.conversions.length);
    const groups = [...groupsOf(this.keyGroups)].filter((group) => files.bytesOf(group) > 0);
    this.#files.set(groups, files);
    this.remote.hold(groups);
  }

  goOnFromRestored(): void {
    this.versions.goOn();
    this.windows.goOn();
  }

  get needsBase(): boolean {
    return this.states.changed;
  }

  override beginSnapshot(
    openWriter: (states: readonly StateInfo[]) => StateWriter,
    mode: SnapshotMode,
  ): SnapshotRun {
    const isDelta = mode === 'delta' && this.versions.tracking;
    if (mode === 'base' || mode === 'full') this.states.changed = false;
    const states = this.states.infos.length;
    const conversions = this.states.conversions.length;
    const closes = this.versions.current;
    const missing = isDelta ? [] : this.remote.missing();
    let writer: StateWriter | undefined;
    const run = super.beginSnapshot((infos) => (writer = openWriter(infos)), mode);
    if (writer === undefined || isDelta || (missing.length === 0 && !this.remote.bounded)) return run;
    const to = { writer, states, conversions };
    return new CopyingSnapshot({
      run,
      copy: (isAborted) => this.#copy(missing, to, isAborted),
      move: (file) => this.#move(new RowFiles([file], conversions, closes)),
    });
  }

  override *valuesOf<T>(descriptor: ValueStateDescriptor<T>): Iterable<readonly [Key, T]> {
    if (this.remote.any && !isTimerState(descriptor.name)) throw notAllHere();
    const slot = this.states.infos.findIndex(
      ({ name, scope }) => name === descriptor.name && scope === 'key',
    );
    if (slot < 0) return;
    for (const row of this.rows.entries()) {
      const value = row.get(slot) as T | undefined;
      if (value !== undefined && this.isComplete(row.group)) yield [keyFromIdentity(row.identity), value];
    }
    for (const [identity, value] of this.#timers.valuesOf(slot))
      yield [keyFromIdentity(identity), value as T];
  }

  override keys(): Iterable<Key> {
    if (this.remote.any) throw notAllHere();
    return super.keys();
  }

  override get size(): number {
    if (this.remote.any) throw notAllHere();
    return super.size;
  }

  /** Loads no more; resolves when nothing is being loaded. */
  close(): Promise<void> {
    return this.remote.close();
  }

  protected override isComplete(group: number): boolean {
    return this.remote.isHere(group);
  }

  async #load(groups: KeyGroupRange, isClosed: () => boolean): Promise<void> {
    const files = this.#files.of(groups.start);
    if (files === undefined) return;
    const { pause } = this.#pacer;
    const rows = await readRows(files.readers, groups, this.states, RESTORED_VERSION, pause);
    let batch: RocksDbRow[] = [];
    for (const row of rows.values()) {
      if (isClosed()) return;
      batch.push(row);
      if (batch.length < GROUP_LOAD_ROWS) continue;
      this.#write(batch, files);
      batch = [];
      const paused = pause();
      if (paused !== undefined) await paused;
    }
    if (!isClosed()) this.#write(batch, files);
  }

  #write(rows: readonly RocksDbRow[], { converted }: RowFiles): void {
    for (const row of rows) this.#convert(row, converted, this.states.conversions.length);
    this.rows.writeRestored(rows);
  }

  #convert(row: RocksDbRow, from: number, to: number): void {
    for (let index = from; index < to; index += 1) this.states.conversions[index]?.(row);
  }

  async #copy(
    groups: readonly number[],
    to: { readonly writer: StateWriter; readonly states: number; readonly conversions: number },
    isAborted: () => boolean,
  ): Promise<void> {
    const { pause } = this.#pacer;
    const left = new Set(groups);
    for (const group of groups) {
      if (!left.has(group)) continue;
      const slice = this.#files.slice(group, (other) => left.has(other), this.#loadBytes);
      for (const one of groupsOf(slice)) left.delete(one);
      const files = this.#files.of(group);
      // Its files had removals of rows only, and were replaced meanwhile.
      if (files === undefined) continue;
      const rows = await readRows(files.readers, slice, this.states, RESTORED_VERSION, pause);
      for (const row of rows.values()) {
        if (isAborted()) return;
        this.#convert(row, files.converted, to.conversions);
        const key = keyFromIdentity(row.identity);
        for (let slot = 0; slot < to.states; slot += 1) {
          const value = row.get(slot);
          if (value !== undefined) to.writer.put(slot, row.group, key, value);
        }
        const paused = pause();
        if (paused !== undefined) await paused;
        if (to.writer.congested) await to.writer.drained();
      }
    }
  }

  async #move(files: RowFiles): Promise<void> {
    this.#files.replace(groupsOf(this.keyGroups), files);
    await this.remote.settled();
    this.remote.trim();
  }

  #drop(groups: ReadonlySet<number>): boolean {
    if (this.versions.save !== undefined) return false;
    this.rows.drop(groups);
    return true;
  }
}

function notAllHere(): InternalError {
  return new InternalError('all keys of a state are asked for while some are not loaded');
}
