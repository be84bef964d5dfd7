import type { KeyGroupRange } from '../key-groups.ts';
import { groupsOf } from './group-files.ts';

export interface CacheBoundOptions {
  readonly keyGroups: KeyGroupRange;
  /** What the groups that are here may come to; bytes. */
  readonly bytes: number;
  /** What a group comes to in files; 0 where it is in none. */
  bytesOf(group: number): number;
  isHere(group: number): boolean;
  /** Whether a group's files have it as it is here. */
  isClean(group: number): boolean;
}

/** Which key groups have to go so that a local cache stays within its bound: those that were not used for longest. */
export class CacheBound {
  readonly #options: CacheBoundOptions;
  /** When a group was last used, as a count of uses. */
  readonly #usedAt = new Map<number, number>();
  #uses = 0;

  constructor(options: CacheBoundOptions) {
    this.#options = options;
  }

  used(group: number): void {
    this.#uses += 1;
    this.#usedAt.set(group, this.#uses);
  }

  /** Whether there is room for one more group. */
  fits(group: number): boolean {
    return this.#held() + this.#options.bytesOf(group) <= this.#options.bytes;
  }

  /** @param needed groups that must stay */
  surplus(needed: ReadonlySet<number>): ReadonlySet<number> {
    const options = this.#options;
    const { keyGroups, bytes } = options;
    const found = new Set<number>();
    let held = this.#held();
    if (held <= bytes) return found;
    const candidates = [...groupsOf(keyGroups)]
      .filter((group) => !needed.has(group) && options.bytesOf(group) > 0)
      .filter((group) => options.isHere(group) && options.isClean(group))
      .toSorted((a, b) => (this.#usedAt.get(a) ?? 0) - (this.#usedAt.get(b) ?? 0));
    for (const group of candidates) {
      found.add(group);
      held -= options.bytesOf(group);
      if (held <= bytes) break;
    }
    return found;
  }

  #held(): number {
    const options = this.#options;
    let held = 0;
    for (const group of groupsOf(options.keyGroups))
      if (options.isHere(group)) held += options.bytesOf(group);
    return held;
  }
}
