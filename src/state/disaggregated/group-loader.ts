import { InternalError } from '../../base/errors.ts';
import { GROUP_LOADS_MAX, GROUP_LOADS_UNASKED } from '../../base/limits.ts';
import type { Key } from '../../functions/basic.ts';
import { keyGroupFor } from '../key-groups.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import type { RemoteGroups } from '../keyed-state-backend.ts';
import { KeyGroupLoadError } from './errors.ts';
import type { CacheBound } from './cache-bound.ts';
import { groupsOf } from './group-files.ts';

export interface GroupLoaderOptions {
  readonly maxParallelism: number;
  /** The groups to bring with this one. @param wants which may be among them */
  sliceAt(group: number, wants: (group: number) => boolean): KeyGroupRange;
  /** Brings the rows of some groups; gives up when the loader `isClosed`. */
  load(groups: KeyGroupRange, isClosed: () => boolean): Promise<void>;
  /** The groups are here now. */
  arrived(groups: KeyGroupRange): void;
  /** Missing: all groups may be here. */
  readonly bound: CacheBound | undefined;
  /** Removes groups that their files have as they are; false where that is not possible now. */
  drop(groups: ReadonlySet<number>): boolean;
}

/**
 * The life of key groups: remote, then loading, then here. Those that are asked for come first, in the order in which they were asked
 * for, then the others, a few at a time, fewer where nobody asks.
 */
export class GroupLoader implements RemoteGroups {
  readonly #options: GroupLoaderOptions;
  readonly #remote = new Set<number>();
  /** By group; a load may bring several. */
  readonly #loading = new Map<number, Promise<void>>();
  readonly #asked = new Set<number>();
  readonly #arrivals = new Map<number, PromiseWithResolvers<void>>();
  #whole: PromiseWithResolvers<void> | undefined;
  /** Groups that somebody waits for, until they were there when they were asked for. */
  readonly #needed = new Set<number>();
  readonly #lost = handled(Promise.withResolvers<void>());
  /** Whether groups that are here may go. */
  #trims = false;
  #waitFor: (promise: Promise<void>) => void = () => {};
  #started = false;
  #loads = 0;
  #failure: Error | undefined;
  #closed = false;

  constructor(options: GroupLoaderOptions) {
    this.#options = options;
  }

  /** Before `start`: these are remote. */
  hold(groups: Iterable<number>): void {
    for (const group of groups) this.#remote.add(group);
  }

  get any(): boolean {
    return this.#remote.size > 0 || this.#loading.size > 0;
  }

  isHere(group: number): boolean {
    return !this.#remote.has(group) && !this.#loading.has(group);
  }

  /** Groups that are not here. */
  missing(): number[] {
    return [...this.#remote, ...this.#loading.keys()].toSorted((a, b) => a - b);
  }

  get bounded(): boolean {
    return this.#options.bound !== undefined;
  }

  start(waitFor: (promise: Promise<void>) => void): Promise<void> {
    this.#waitFor = waitFor;
    this.#started = true;
    this.#trims = this.bounded;
    this.#loadMore();
    return this.#lost.promise;
  }

  has(key: Key): boolean {
    const { bound, maxParallelism } = this.#options;
    if (!this.any && bound === undefined) return true;
    const group = keyGroupFor(key, maxParallelism);
    bound?.used(group);
    if (this.isHere(group)) {
      this.#needed.delete(group);
      return true;
    }
    this.#needed.add(group);
    this.#ask(group);
    this.#waitFor(this.#arrivalOf(group));
    return false;
  }

  hasAll(): boolean {
    if (!this.any) return true;
    this.#waitFor(this.all());
    return false;
  }

  announce(key: Key): void {
    this.#ask(keyGroupFor(key, this.#options.maxParallelism));
  }

  all(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.any) return Promise.resolve();
    this.#started = true;
    this.#whole ??= handled(Promise.withResolvers<void>());
    this.#loadMore();
    return this.#whole.promise;
  }

  /** Lets groups go that there is no room for; called between records. */
  trim(): void {
    const { bound } = this.#options;
    if (bound === undefined || !this.#trims || this.#whole !== undefined) return;
    const surplus = bound.surplus(this.#needed);
    if (surplus.size > 0 && this.#options.drop(surplus)) for (const group of surplus) this.#remote.add(group);
  }

  /** Resolves when none of the loads that are under way now is. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#loading.values());
  }

  /** Begins no more loads, and resolves when none is under way. Who waits for a group is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.any) this.#refuse(new InternalError('the task was closed while key groups were loaded'));
    await this.settled();
  }

  #ask(group: number): void {
    if (!this.#remote.has(group) || this.#asked.has(group)) return;
    this.#asked.add(group);
    this.#loadMore();
  }

  #arrivalOf(group: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    let arrival = this.#arrivals.get(group);
    if (arrival === undefined) {
      arrival = handled(Promise.withResolvers<void>());
      this.#arrivals.set(group, arrival);
    }
    return arrival.promise;
  }

  #loadMore(): void {
    while (this.#loads < GROUP_LOADS_MAX && !this.#closed && this.#failure === undefined) {
      const next = this.#next();
      if (next === undefined) return;
      const slice = this.#options.sliceAt(next, (group) => this.#remote.has(group));
      this.#loads += 1;
      const load = this.#load(slice);
      for (const group of groupsOf(slice)) {
        this.#remote.delete(group);
        this.#asked.delete(group);
        this.#loading.set(group, load);
      }
    }
  }

  #next(): number | undefined {
    const [asked] = this.#asked;
    if (asked !== undefined || !this.#started || this.#loads >= GROUP_LOADS_UNASKED) return asked;
    const [any] = this.#remote;
    const { bound } = this.#options;
    return any === undefined || bound === undefined || this.#whole !== undefined || bound.fits(any)
      ? any
      : undefined;
  }

  async #load(slice: KeyGroupRange): Promise<void> {
    try {
      // The groups count as loading before anything of them is.
      await Promise.resolve();
      await this.#options.load(slice, () => this.#closed);
      if (!this.#closed) this.#arrived(slice);
    } catch (cause) {
      if (!this.#closed) this.#refuse(new KeyGroupLoadError(slice, cause));
    } finally {
      this.#loads -= 1;
    }
    this.#loadMore();
  }

  #arrived(slice: KeyGroupRange): void {
    for (const group of groupsOf(slice)) {
      this.#loading.delete(group);
      this.#arrivals.get(group)?.resolve();
      this.#arrivals.delete(group);
    }
    this.#options.arrived(slice);
    if (this.any || this.#whole === undefined) return this.trim();
    // Who waits for all groups has to find them: nothing goes now.
    this.#whole.resolve();
    this.#whole = undefined;
  }

  #refuse(failure: Error): void {
    this.#failure ??= failure;
    for (const arrival of this.#arrivals.values()) arrival.reject(failure);
    this.#whole?.reject(failure);
    this.#lost.reject(failure);
  }
}

/** Nobody may be waiting when it is rejected. */
function handled(deferred: PromiseWithResolvers<void>): PromiseWithResolvers<void> {
  deferred.promise.catch(() => {});
  return deferred;
}
