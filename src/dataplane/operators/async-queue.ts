import type { TimerHandle } from '../../ports/clock.ts';

/** A record whose request is under way or done. */
export interface AsyncEntry {
  readonly value: unknown;
  readonly timestamp: number;
  timer: TimerHandle | undefined;
  done: boolean;
  results: readonly unknown[];
}

/** Records between two watermarks; `done` holds completed ones that may be emitted (unordered). */
interface Segment {
  readonly entries: Set<AsyncEntry>;
  readonly done: AsyncEntry[];
  /** The watermark that follows; undefined for the last segment. */
  watermark: number | undefined;
}

/**
 * Order of results: as the records came, or as they complete, but records never pass the watermark behind or before them.
 * Sets keep insertion order, so the first entry is the oldest.
 */
export class AsyncQueue {
  readonly #ordered: boolean;
  readonly #segments: Segment[] = [newSegment()];
  #inFlight = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Records not emitted yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether `take` has something. */
  get ready(): boolean {
    const [first] = this.#segments;
    if (first === undefined) return false;
    if (first.entries.size === 0) return first.watermark !== undefined;
    return this.#ordered ? oldest(first)?.done === true : first.done.length > 0;
  }

  add(value: unknown, timestamp: number): AsyncEntry {
    const entry: AsyncEntry = { value, timestamp, timer: undefined, done: false, results: [] };
    (this.#segments.at(-1) as Segment).entries.add(entry);
    this.#inFlight += 1;
    return entry;
  }

  addWatermark(watermark: number): void {
    const last = this.#segments.at(-1) as Segment;
    const before = this.#segments.at(-2);
    // Watermarks with nothing between them: the later one says it all.
    if (last.entries.size === 0 && before !== undefined) before.watermark = watermark;
    else {
      last.watermark = watermark;
      this.#segments.push(newSegment());
    }
  }

  complete(entry: AsyncEntry, results: readonly unknown[]): void {
    entry.done = true;
    entry.results = results;
    if (!this.#ordered) this.#segments.find(({ entries }) => entries.has(entry))?.done.push(entry);
  }

  /** The next record or watermark to send on. */
  take(): AsyncEntry | { readonly watermark: number } | undefined {
    const first = this.#segments[0] as Segment;
    if (first.entries.size === 0) {
      if (first.watermark === undefined) return undefined;
      this.#segments.shift();
      return { watermark: first.watermark };
    }
    const entry = this.#ordered ? oldest(first) : first.done.shift();
    if (entry?.done !== true) return undefined;
    first.entries.delete(entry);
    this.#inFlight -= 1;
    return entry;
  }

  /** Records not emitted yet, in the order in which they came. */
  *entries(): Generator<AsyncEntry> {
    for (const { entries } of this.#segments) yield* entries;
  }

  /** Records whose requests are under way. */
  *pending(): Generator<AsyncEntry> {
    for (const { entries } of this.#segments) for (const entry of entries) if (!entry.done) yield entry;
  }
}

function newSegment(): Segment {
  return { entries: new Set(), done: [], watermark: undefined };
}

function oldest({ entries }: Segment): AsyncEntry | undefined {
  return entries.values().next().value;
}
