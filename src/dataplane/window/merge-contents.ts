import type { KeyIdentity } from '../../state/index.ts';
import type { Fold } from './fold.ts';

/** Holder of an accumulator: one pane's cell, or what was merged over several panes. */
export interface Content {
  readonly value: unknown;
}

/** Accumulators by key. */
export type Contents = Map<KeyIdentity, Content>;

/** An accumulator that was made by merging, and may be merged into on behalf of the map that owns it. */
class Merged implements Content {
  value: unknown;
  readonly owner: Contents;

  constructor(value: unknown, owner: Contents) {
    this.value = value;
    this.owner = owner;
  }
}

/** Merges accumulators and leaves those as they are that others hold: a key that is in one map only is shared, not copied. */
export class ContentMerger {
  readonly #fold: Fold;
  readonly #merge: NonNullable<Fold['merge']>;

  constructor(fold: Fold) {
    this.#fold = fold;
    this.#merge = fold.merge ?? ((a) => a);
  }

  /** Adds what `later` holds to what `target` holds, and returns `target`. */
  mergeInto(target: Contents, later: ReadonlyMap<KeyIdentity, Content>): Contents {
    for (const [identity, content] of later) this.#add(target, identity, content);
    return target;
  }

  /** Makes one key anew from all maps that may have it, oldest first. */
  remerge(
    target: Contents,
    identity: KeyIdentity,
    maps: Iterable<ReadonlyMap<KeyIdentity, Content>>,
  ): Content | undefined {
    target.delete(identity);
    for (const map of maps) {
      const content = map.get(identity);
      if (content !== undefined) this.#add(target, identity, content);
    }
    return target.get(identity);
  }

  #add(target: Contents, identity: KeyIdentity, later: Content): void {
    const before = target.get(identity);
    if (before === undefined) target.set(identity, later);
    else if (before instanceof Merged && before.owner === target)
      before.value = this.#join(before.value, later.value);
    else target.set(identity, new Merged(this.#join(this.#fold.fresh(before.value), later.value), target));
  }

  /** A function that returns its second argument gives away what another map holds: that is copied. */
  #join(a: unknown, b: unknown): unknown {
    const merged = this.#merge(a, b);
    return merged === b ? this.#fold.fresh(b) : merged;
  }
}
