import { UserError } from '../../base/errors.ts';
import { WINDOW_PANES_MERGED_ANEW } from '../../base/limits.ts';
import { MIN_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import type { KeySelector } from '../../functions/basic.ts';
import { keyIdentity, MinHeap } from '../../state/index.ts';
import type { KeyIdentity, Pane, TimeDomain, WindowTable } from '../../state/index.ts';
import type { Emit, OperatorContext, StreamOperator } from '../chain/operator.ts';
import { foldOf } from './fold.ts';
import type { Fold } from './fold.ts';
import { ContentMerger } from './merge-contents.ts';
import type { Content } from './merge-contents.ts';
import type { PaneLayout } from './pane-layout.ts';
import { SlidingMerge } from './sliding-merge.ts';
import { WindowEmitter } from './window-emitter.ts';
import type { WindowOptions } from './window-options.ts';
import { WindowProgress } from './window-progress.ts';

/** A window that is being fired: its keys still to come. */
interface Firing {
  readonly end: number;
  readonly entries: Iterator<readonly [KeyIdentity, Content]>;
}

/**
 * Tumbling and sliding windows over panes, of event time or of wall time. Firing is by window: bucketed, no timer per key.
 * Wall time passes as a watermark does; a clock that is set back makes no record late, it joins the window that is open.
 */
export class PaneWindowOperator implements StreamOperator {
  readonly #options: WindowOptions;
  readonly #layout: PaneLayout;
  readonly #time: TimeDomain;
  readonly #lateness: number;
  /** Ends of windows to fire; to clear (fired, but still open for late records); ends of panes to drop. */
  readonly #toFire = new MinHeap();
  readonly #registered = new Set<number>();
  readonly #toClear = new MinHeap();
  readonly #toDrop = new MinHeap();
  /** Event time, or wall time, up to which windows have fired. */
  #watermark = MIN_WATERMARK;
  #progress: WindowProgress | undefined;
  /** How far a checkpoint had come that the job goes on from. */
  #restored = MIN_WATERMARK;
  #firing: Firing | undefined;
  #context!: OperatorContext;
  #emitter!: WindowEmitter;
  #fold!: Fold;
  #table!: WindowTable<unknown>;
  #merger!: ContentMerger;
  /** Windows of many panes are merged from one to the next. */
  #sliding: SlidingMerge | undefined;
  /** The pane used last; its end is NaN after one was dropped. */
  #lastPane: Pane<unknown> = new Map();
  #lastPaneEnd = Number.NaN;

  constructor(options: WindowOptions, layout: PaneLayout, time: TimeDomain) {
    this.#options = options;
    this.#layout = layout;
    this.#time = time;
    // Nothing comes late by the clock itself.
    this.#lateness = time === 'event-time' ? options.allowedLatenessMs : 0;
  }

  get userFunction(): unknown {
    return this.#options.mode.processFn;
  }

  get keySelectors(): readonly KeySelector<unknown>[] {
    return [this.#options.selectKey];
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    this.#fold = foldOf(this.#options.mode, context.settings.objectReuse);
    this.#emitter = new WindowEmitter(context, this.#options.mode, this.#fold, false);
    this.#table = context.keyedState().windowTable('windows');
    this.#merger = new ContentMerger(this.#fold);
    const { shared, size, width } = this.#layout;
    if (shared && size / width > WINDOW_PANES_MERGED_ANEW)
      this.#sliding = new SlidingMerge(this.#layout, this.#merger, (pane) => this.#table.find(pane));
    const entry = shared ? this.#sharedEntry() : this.#separateEntry();
    if (this.#time === 'event-time') return [entry];
    const { wallTime } = context;
    return [(value) => entry(value, Math.max(wallTime.now, this.#watermark + 1))];
  }

  open(): void | Promise<void> {
    this.#progress = new WindowProgress(this.#context.operatorState());
    this.#restored = this.#progress.restored;
    this.#watermark = this.#restored;
    for (const pane of this.#table.windows()) this.#register(pane);
    return this.#emitter.open();
  }

  snapshotState(): void {
    this.#progress?.save(this.#watermark);
  }

  close(): void | Promise<void> {
    return this.#emitter.close();
  }

  #sharedEntry(): Emit {
    const { trace, node } = this.#context;
    const { selectKey } = this.#options;
    const layout = this.#layout;
    const lateness = this.#lateness;
    return (value, timestamp) => {
      trace.node = node;
      let pane = this.#lastPaneEnd;
      // Most records are for the pane of the one before: it is in a window, and not late as long as it is there.
      if (!(timestamp < pane && timestamp >= pane - layout.width)) {
        if (timestamp === NO_TIMESTAMP) throw timestampMissing();
        const last = layout.lastWindowAt(timestamp);
        if (last <= timestamp) return;
        if (last - 1 + lateness <= this.#watermark) return this.#late(value, timestamp);
        pane = layout.sliceAt(timestamp);
      }
      const identity = keyIdentity(selectKey(value));
      this.#add(pane, identity, value);
      if (lateness > 0) this.#fireLate(pane, identity);
    };
  }

  #separateEntry(): Emit {
    const { trace, node } = this.#context;
    const { selectKey } = this.#options;
    const { size, slide } = this.#layout;
    return (value, timestamp) => {
      trace.node = node;
      if (timestamp === NO_TIMESTAMP) throw timestampMissing();
      const identity = keyIdentity(selectKey(value));
      let window = this.#layout.lastWindowAt(timestamp);
      if (window <= timestamp) return;
      if (window - 1 + this.#lateness <= this.#watermark) return this.#late(value, timestamp);
      for (; window - size <= timestamp && window > timestamp; window -= slide) {
        if (window - 1 + this.#lateness <= this.#watermark) break;
        this.#add(window, identity, value);
        if (this.#lateness > 0) this.#fireLate(window, identity);
      }
    };
  }

  #late(value: unknown, timestamp: number): void {
    if (this.#options.lateTagId === undefined) this.#context.dropLate();
    else this.#context.sideOutput(this.#options.lateTagId)?.(value, timestamp);
  }

  #add(paneEnd: number, identity: KeyIdentity, value: unknown): void {
    let pane = this.#lastPane;
    if (paneEnd !== this.#lastPaneEnd) {
      pane = this.#table.find(paneEnd) ?? this.#newPane(paneEnd);
      this.#lastPane = pane;
      this.#lastPaneEnd = paneEnd;
    }
    if (this.#sliding !== undefined) this.#sliding.changed(paneEnd, identity);
    const cell = pane.get(identity);
    if (cell === undefined) {
      this.#table.insert(pane, paneEnd, identity, this.#fold.create(value));
      return;
    }
    this.#table.touch(cell);
    cell.value = this.#fold.add(cell.value, value);
  }

  #newPane(paneEnd: number): Pane<unknown> {
    this.#register(paneEnd);
    return this.#table.pane(paneEnd);
  }

  /** Windows over a pane, to be fired and cleared; the pane, to be dropped. */
  #register(paneEnd: number): void {
    const last = this.#layout.lastWindow(paneEnd);
    for (let window = this.#layout.firstWindow(paneEnd); window <= last; window += this.#layout.slide) {
      if (window - 1 + this.#lateness <= this.#watermark || this.#registered.has(window)) continue;
      this.#registered.add(window);
      if (window - 1 > this.#watermark) this.#toFire.push(window);
      else this.#toClear.push(window);
    }
    this.#toDrop.push(paneEnd);
  }

  /** A record came for windows that have fired already and are still open: they fire again, for its key. */
  #fireLate(paneEnd: number, identity: KeyIdentity): void {
    const last = this.#layout.lastWindow(paneEnd);
    for (let window = this.#layout.firstWindow(paneEnd); window <= last; window += this.#layout.slide) {
      if (window - 1 > this.#watermark) return;
      if (window - 1 + this.#lateness <= this.#watermark) continue;
      const cell = this.#content(window, identity);
      if (cell !== undefined)
        this.#emitter.emit(identity, cell.value, window - this.#layout.size, window, true);
    }
  }

  advanceWatermark(watermark: number): boolean {
    this.#emitter.watermark = watermark;
    if (this.#time === 'event-time') return this.#advance(watermark);
    // The next key of a batch: its wall time begins anew.
    if (watermark === MIN_WATERMARK) this.#watermark = this.#restored;
    return true;
  }

  advanceProcessingTime(now: number): boolean {
    if (this.#time !== 'processing-time') return true;
    return now === Number.MAX_SAFE_INTEGER
      ? this.#fireAll()
      : this.#advance(Math.max(now - 1, this.#watermark));
  }

  nextProcessingTimer(): number | undefined {
    return this.#time === 'processing-time' ? this.#toFire.peek() : undefined;
  }

  /** The clock of a stream that has ended stands still: windows of wall time emit now rather than never. */
  endInput(): boolean {
    return this.#time === 'processing-time' ? this.#fireAll() : true;
  }

  /** Fires every window of wall time; the clock itself goes on from where it is. */
  #fireAll(): boolean {
    const before = this.#watermark;
    const done = this.#advance(Number.MAX_SAFE_INTEGER);
    this.#watermark = before;
    return done;
  }

  #advance(to: number): boolean {
    // After a restore, event time runs up to where it was.
    const watermark = Math.max(to, this.#restored);
    if (this.#emitter.lacksRows && this.#isDue(watermark) && !this.#emitter.fetchRows()) return false;
    this.#watermark = watermark;
    for (;;) {
      if (this.#firing === undefined) {
        const end = this.#toFire.peek();
        if (end === undefined || end - 1 > watermark) break;
        this.#firing = { end, entries: this.#contents(end) };
      }
      if (!this.#fire(this.#firing)) return false;
      this.#toFire.pop();
      this.#toClear.push(this.#firing.end);
      this.#expire(Math.min(watermark, this.#firing.end - 1));
      this.#firing = undefined;
    }
    this.#expire(watermark);
    return true;
  }

  #isDue(watermark: number): boolean {
    const [fire, clear] = [this.#toFire.peek(), this.#toClear.peek()];
    return (
      this.#firing !== undefined ||
      (fire !== undefined && fire - 1 <= watermark) ||
      (clear !== undefined && clear - 1 + this.#lateness <= watermark)
    );
  }

  #fire(firing: Firing): boolean {
    const { flow } = this.#context;
    const start = firing.end - this.#layout.size;
    const retained = this.#lateness > 0 || this.#layout.width !== this.#layout.size;
    for (let next = firing.entries.next(); next.done !== true; next = firing.entries.next()) {
      const [identity, cell] = next.value;
      this.#emitter.emit(identity, cell.value, start, firing.end, retained);
      if (flow.blocked) return false;
    }
    return true;
  }

  /** Keys of a window with their accumulators, merged over its panes; a key in one pane only is not merged. */
  #contents(windowEnd: number): Iterator<readonly [KeyIdentity, Content]> {
    if (this.#sliding !== undefined) return this.#sliding.contents(windowEnd).entries();
    const [first, ...rest] = this.#panes(windowEnd);
    if (first === undefined) return [].values();
    if (rest.length === 0) return first.entries();
    const merged = new Map<KeyIdentity, Content>(first);
    for (const pane of rest) this.#merger.mergeInto(merged, pane);
    return merged.entries();
  }

  #content(windowEnd: number, identity: KeyIdentity): Content | undefined {
    return this.#merger.remerge(new Map(), identity, this.#panes(windowEnd));
  }

  #panes(windowEnd: number): Pane<unknown>[] {
    const panes: Pane<unknown>[] = [];
    for (let end = this.#layout.firstPane(windowEnd); end <= windowEnd; end += this.#layout.width) {
      const pane = this.#table.find(end);
      if (pane !== undefined) panes.push(pane);
    }
    return panes;
  }

  /** Clears windows and drops panes that no record can reach any more at this watermark. */
  #expire(watermark: number): void {
    for (let end = this.#toClear.peek(); end !== undefined; end = this.#toClear.peek()) {
      if (end - 1 + this.#lateness > watermark) break;
      this.#toClear.pop();
      this.#registered.delete(end);
      if (this.#emitter.clears) this.#clear(end);
    }
    for (let pane = this.#toDrop.peek(); pane !== undefined; pane = this.#toDrop.peek()) {
      if (this.#layout.lastWindow(pane) - 1 + this.#lateness > watermark) break;
      this.#toDrop.pop();
      this.#table.drop(pane);
      this.#lastPaneEnd = Number.NaN;
    }
  }

  #clear(windowEnd: number): void {
    const cleared = new Set<KeyIdentity>();
    for (let end = this.#layout.firstPane(windowEnd); end <= windowEnd; end += this.#layout.width) {
      for (const identity of this.#table.find(end)?.keys() ?? []) {
        if (cleared.has(identity)) continue;
        cleared.add(identity);
        this.#emitter.clear(identity, windowEnd - this.#layout.size, windowEnd);
      }
    }
  }
}

export function timestampMissing(): UserError {
  return new UserError(
    'a record without a timestamp reached an event-time window: assign timestamps with a WatermarkStrategy ' +
      '(withTimestampAssigner) at the source or by assignTimestampsAndWatermarks()',
  );
}
