import type { KeyGroupRange } from '../key-groups.ts';
import type { StateReader } from '../snapshot/state-reader.ts';

/** Files that hold the rows of key groups, to be applied oldest first. */
export class RowFiles {
  readonly readers: readonly StateReader[];
  /** How many of the conversions of the backend's states their rows have had. */
  readonly converted: number;
  /** The last interval whose changes they hold; -1: those before the restore. */
  readonly upTo: number;
  readonly #bytes = new Map<number, number>();

  constructor(readers: readonly StateReader[], converted: number, upTo = -1) {
    this.readers = readers;
    this.converted = converted;
    this.upTo = upTo;
    for (const { index } of readers)
      for (const { state, keyGroup, length } of index.chunks)
        if (index.states[state]?.scope !== 'window')
          this.#bytes.set(keyGroup, (this.#bytes.get(keyGroup) ?? 0) + length);
  }

  /** Bytes of a key group in all the files; 0: it has no rows. */
  bytesOf(group: number): number {
    return this.#bytes.get(group) ?? 0;
  }
}

/** Which files hold the rows of each key group. */
export class GroupFiles {
  readonly #files = new Map<number, RowFiles>();

  set(groups: Iterable<number>, files: RowFiles): void {
    for (const group of groups) this.#files.set(group, files);
  }

  /** A whole snapshot of these groups was written: the rows of each are in it, or it has none. */
  replace(groups: Iterable<number>, files: RowFiles): void {
    for (const group of groups)
      if (files.bytesOf(group) > 0) this.#files.set(group, files);
      else this.#files.delete(group);
  }

  bytesOf(group: number): number {
    return this.#files.get(group)?.bytesOf(group) ?? 0;
  }

  /** Undefined for a group that was in no file. */
  of(group: number): RowFiles | undefined {
    return this.#files.get(group);
  }

  /**
   * A group and those behind it that are worth bringing together: in the same files, and small.
   * @param wants which groups @param bytes bounds what they are together, unless the first alone is more
   */
  slice(first: number, wants: (group: number) => boolean, bytes: number): KeyGroupRange {
    const files = this.#files.get(first);
    let end = first;
    let held = files?.bytesOf(first) ?? 0;
    while (files !== undefined && this.#files.get(end + 1) === files && wants(end + 1)) {
      held += files.bytesOf(end + 1);
      if (held > bytes) break;
      end += 1;
    }
    return { start: first, end };
  }
}

export function* groupsOf({ start, end }: KeyGroupRange): Generator<number> {
  for (let group = start; group <= end; group += 1) yield group;
}
