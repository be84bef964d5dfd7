import type { KeyIdentity } from '../../state/index.ts';
import type { Content, ContentMerger, Contents } from './merge-contents.ts';
import type { PaneLayout } from './pane-layout.ts';
import { intervalStart } from './time-window.ts';

/** Panes that lie side by side, merged. */
interface Block {
  /** End of its last pane. */
  readonly end: number;
  readonly contents: Contents;
}

/**
 * Contents of sliding windows of many panes, from one window to the next, for any merge (no inverse is asked for). The panes of a
 * window are a suffix of an old block, whole blocks, and the beginning of a new block; each of the three is kept merged:
 *
 *     panes    . . a b | c d e f | g h i j | k l . .
 *              suffix      middle (merged)    back
 *
 * so that a window costs two merges per key, and keeping the three costs about three more per slide: constant, as with the two
 * stacks of Tangwongsan, Hirzel and Schneider ("Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time", DEBS 2017),
 * which is this with one block. With blocks of the square root of a window's panes, suffixes are kept of few panes only:
 * accumulators that grow (sets, lists) take about three times the memory of the panes at most, not the number of panes times.
 *
 * Nothing of it is state: it is made from panes, and after a restore made anew.
 */
export class SlidingMerge {
  readonly #layout: PaneLayout;
  readonly #merger: ContentMerger;
  readonly #find: (pane: number) => ReadonlyMap<KeyIdentity, Content> | undefined;
  /** Width of a block. */
  readonly #span: number;
  /** Whole blocks, oldest first; the window begins within the first. */
  #blocks: Block[] = [];
  /** What the first block holds from a pane on, by that pane's end; of the block that ends at `#front`. */
  readonly #suffixes = new Map<number, Contents>();
  #front = Number.NaN;
  #middle: Contents = new Map();
  #back: Contents = new Map();
  /** End of the last pane that is in. */
  #taken = Number.NEGATIVE_INFINITY;
  /** Keys whose panes changed after they were taken, by end of block. */
  readonly #changed = new Map<number, Set<KeyIdentity>>();

  /** @param find the pane with this end, where there is one; asked again whenever blocks are put together */
  constructor(
    layout: PaneLayout,
    merger: ContentMerger,
    find: (pane: number) => ReadonlyMap<KeyIdentity, Content> | undefined,
  ) {
    this.#layout = layout;
    this.#merger = merger;
    this.#find = find;
    this.#span = layout.width * Math.ceil(Math.sqrt(layout.size / layout.width));
  }

  /** Keys of a window with their accumulators, which the caller must not change. Windows come in ascending order. */
  contents(windowEnd: number): Contents {
    const first = this.#layout.firstPane(windowEnd);
    if (first > this.#taken) this.#startAt(first);
    this.#repair();
    for (let pane = this.#taken + this.#layout.width; pane <= windowEnd; pane += this.#layout.width)
      this.#take(pane);
    this.#moveFront(first);
    const contents: Contents = new Map(this.#suffixes.get(first));
    this.#merger.mergeInto(contents, this.#middle);
    return this.#merger.mergeInto(contents, this.#back);
  }

  /** To be called when a pane's value of a key was added or changed. */
  changed(pane: number, identity: KeyIdentity): void {
    if (pane > this.#taken) return;
    const block = this.#blockOf(pane);
    const keys = this.#changed.get(block);
    if (keys === undefined) this.#changed.set(block, new Set([identity]));
    else keys.add(identity);
  }

  /** No pane that was taken is in the window. */
  #startAt(first: number): void {
    this.#blocks = [];
    this.#front = Number.NaN;
    this.#middle = new Map();
    this.#back = new Map();
    this.#changed.clear();
    this.#taken = first - this.#layout.width;
  }

  #take(pane: number): void {
    const contents = this.#find(pane);
    if (contents !== undefined) this.#merger.mergeInto(this.#back, contents);
    this.#taken = pane;
    if (this.#blockOf(pane) !== pane) return;
    this.#blocks.push({ end: pane, contents: this.#back });
    this.#merger.mergeInto(this.#middle, this.#back);
    this.#back = new Map();
  }

  /** Drops blocks that are no longer in the window; the first that is left stands by its suffixes, not in the middle. */
  #moveFront(first: number): void {
    while ((this.#blocks[0]?.end ?? first) < first) this.#blocks.shift();
    const [front, ...others] = this.#blocks;
    if (front === undefined || front.end === this.#front) return;
    this.#front = front.end;
    this.#suffixes.clear();
    let suffix: Contents = new Map();
    for (let pane = front.end; pane >= first; pane -= this.#layout.width) {
      const contents = this.#find(pane);
      if (contents !== undefined) suffix = this.#merger.mergeInto(new Map(contents), suffix);
      this.#suffixes.set(pane, suffix);
    }
    this.#middle = new Map();
    for (const { contents } of others) this.#merger.mergeInto(this.#middle, contents);
  }

  #repair(): void {
    for (const [end, keys] of this.#changed) {
      const index = this.#blocks.findIndex((block) => block.end === end);
      const block = this.#blocks[index];
      if (index === 0) this.#front = Number.NaN;
      else if (block !== undefined) this.#repairBlock(block, keys);
      else if (end > this.#taken) this.#remerge(this.#back, keys, this.#panes(end));
    }
    this.#changed.clear();
  }

  #repairBlock(block: Block, keys: ReadonlySet<KeyIdentity>): void {
    this.#remerge(block.contents, keys, this.#panes(block.end));
    const others = this.#blocks.slice(1).map(({ contents }) => contents);
    this.#remerge(this.#middle, keys, others);
  }

  #remerge(
    target: Contents,
    keys: ReadonlySet<KeyIdentity>,
    maps: readonly ReadonlyMap<KeyIdentity, Content>[],
  ): void {
    for (const identity of keys) this.#merger.remerge(target, identity, maps);
  }

  /** The panes of a block that were taken. */
  #panes(blockEnd: number): ReadonlyMap<KeyIdentity, Content>[] {
    const panes: ReadonlyMap<KeyIdentity, Content>[] = [];
    const last = Math.min(blockEnd, this.#taken);
    for (let pane = blockEnd - this.#span + this.#layout.width; pane <= last; pane += this.#layout.width) {
      const contents = this.#find(pane);
      if (contents !== undefined) panes.push(contents);
    }
    return panes;
  }

  #blockOf(pane: number): number {
    return intervalStart(pane - this.#layout.width, this.#layout.offset, this.#span) + this.#span;
  }
}
