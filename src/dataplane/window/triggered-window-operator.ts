import { UserError } from '../../base/errors.ts';
import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import type { Key, KeySelector } from '../../functions/basic.ts';
import type { Evictor, TimestampedValue } from '../../functions/evictor.ts';
import type { Trigger, TriggerContext, TriggerResult } from '../../functions/trigger.ts';
import { InMemoryTimerService, keyIdentity } from '../../state/index.ts';
import type { KeyIdentity, Pane, PaneCodec, TimeDomain, WindowTable } from '../../state/index.ts';
import type { Emit, OperatorContext, StreamOperator } from '../chain/operator.ts';
import type { Assignment } from './assign.ts';
import { foldOf } from './fold.ts';
import type { Fold } from './fold.ts';
import { timestampMissing } from './pane-window-operator.ts';
import { Window } from './time-window.ts';
import { WindowProgress } from './window-progress.ts';
import { WindowEmitter } from './window-emitter.ts';
import type { WindowOptions } from './window-options.ts';

export interface TriggeredOptions extends WindowOptions {
  readonly assignment: Assignment;
  readonly trigger: Trigger;
  readonly evictor: Evictor<unknown> | undefined;
}

/** One key's window: plain data, so that it can be written to a snapshot. */
interface OpenWindow {
  window: Window;
  /** Accumulator, or with an evictor the records with their times; undefined after a purge. */
  content: unknown;
  readonly values: Map<string, unknown>;
  /** Timers the trigger set for this window. */
  readonly eventTimers: Set<number>;
  readonly processingTimers: Set<number>;
}

/** Windows of all keys are in one pane, each key's in a list. */
const ALL = 0;

const OPEN_WINDOWS: PaneCodec<OpenWindow[]> = {
  toPlain: (windows) =>
    windows.map(({ window, ...rest }) => ({ start: window.start, end: window.end, ...rest })),
  fromPlain: (plain) =>
    (plain as (Omit<OpenWindow, 'window'> & { start: number; end: number })[]).map(
      ({ start, end, ...rest }) => ({
        window: new Window(start, end),
        ...rest,
      }),
    ),
};

/**
 * The general window operator: any assigner, trigger and evictor. Costs a look at the key's windows per record and a timer
 * per window; event-time windows with the default trigger have faster operators of their own.
 */
export class TriggeredWindowOperator implements StreamOperator {
  readonly #options: TriggeredOptions;
  #watermark = MIN_WATERMARK;
  #progress: WindowProgress | undefined;
  /** How far a checkpoint had come that the job goes on from. */
  #restored = MIN_WATERMARK;
  #context!: OperatorContext;
  #emitter!: WindowEmitter;
  #fold!: Fold;
  #timers!: InMemoryTimerService;
  #table!: WindowTable<OpenWindow[]>;
  #pane!: Pane<OpenWindow[]>;
  readonly #triggerContext: OneWindowContext;

  constructor(options: TriggeredOptions) {
    this.#options = options;
    this.#triggerContext = new OneWindowContext(() => this.#watermark);
  }

  get userFunction(): unknown {
    return this.#options.mode.processFn;
  }

  get keySelectors(): readonly KeySelector<unknown>[] {
    return [this.#options.selectKey];
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    const { mode, assignment, selectKey } = this.#options;
    this.#fold = foldOf(mode, context.settings.objectReuse);
    this.#emitter = new WindowEmitter(context, mode, this.#fold, assignment.merging);
    const backend = context.keyedState();
    this.#table = backend.windowTable<OpenWindow[]>('windows', OPEN_WINDOWS);
    this.#pane = this.#table.pane(ALL);
    this.#timers = new InMemoryTimerService({
      backend,
      currentWatermark: () => this.#watermark,
      currentProcessingTime: () => context.clock.now(),
    });
    this.#triggerContext.timers = this.#timers;
    const { trace, node } = context;
    return [
      (value, timestamp) => {
        trace.node = node;
        if (timestamp === NO_TIMESTAMP && assignment.time === 'event-time') throw timestampMissing();
        const key = selectKey(value);
        backend.setCurrentKey(key);
        this.#add(keyIdentity(key), value, timestamp);
      },
    ];
  }

  open(): void | Promise<void> {
    this.#progress = new WindowProgress(this.#context.operatorState());
    this.#restored = this.#progress.restored;
    this.#watermark = this.#restored;
    return this.#emitter.open();
  }

  snapshotState(): void {
    this.#progress?.save(this.#watermark);
  }

  close(): void | Promise<void> {
    return this.#emitter.close();
  }

  #add(identity: KeyIdentity, value: unknown, timestamp: number): void {
    const { assignment } = this.#options;
    const windows = assignment.windowsOf(value, timestamp, this.#timers.currentProcessingTime());
    // Between sliding windows with gaps a record belongs to none, and is not late.
    let taken = windows.length === 0;
    for (const window of windows) {
      const entry = assignment.merging ? this.#merged(identity, window) : this.#entry(identity, window);
      if (entry === undefined) continue;
      taken = true;
      this.#put(entry, value, timestamp);
      const context = this.#triggerContext.of(entry);
      this.#act(identity, entry, this.#options.trigger.onElement(value, timestamp, entry.window, context));
    }
    if (!taken) this.#late(value, timestamp);
  }

  #put(entry: OpenWindow, value: unknown, timestamp: number): void {
    if (this.#options.evictor !== undefined) {
      ((entry.content ??= []) as TimestampedValue<unknown>[]).push({ value, timestamp });
    } else if (entry.content === undefined) {
      entry.content = this.#fold.create(value);
    } else {
      entry.content = this.#fold.add(entry.content, value);
    }
  }

  /** The key's windows, to be changed. */
  #openOf(identity: KeyIdentity): OpenWindow[] | undefined {
    const cell = this.#pane.get(identity);
    if (cell !== undefined) this.#table.touch(cell);
    return cell?.value;
  }

  /** The key's entry for a window; undefined when that has been dropped already. */
  #entry(identity: KeyIdentity, window: Window): OpenWindow | undefined {
    const open = this.#openOf(identity);
    const known = open?.find(
      (entry) => entry.window.start === window.start && entry.window.end === window.end,
    );
    if (known !== undefined) return known;
    if (this.#cleanupTime(window) <= this.#now()) return undefined;
    const entry: OpenWindow = {
      window,
      content: undefined,
      values: new Map(),
      eventTimers: new Set(),
      processingTimers: new Set(),
    };
    if (open === undefined) this.#table.insert(this.#pane, ALL, identity, [entry]);
    else open.push(entry);
    this.#registerCleanup(window);
    return entry;
  }

  /** As `#entry`, for windows that merge with those of the key that they touch. */
  #merged(identity: KeyIdentity, window: Window): OpenWindow | undefined {
    const open = this.#openOf(identity) ?? [];
    const touching = open.filter(
      ({ window: other }) => window.start <= other.end && window.end >= other.start,
    );
    const [first, ...others] = touching.toSorted((a, b) => a.window.start - b.window.start);
    if (first === undefined) return this.#entry(identity, window);
    const start = Math.min(window.start, first.window.start);
    const end = Math.max(window.end, ...touching.map((entry) => entry.window.end));
    if (start === first.window.start && end === first.window.end && others.length === 0) return first;
    const valuesOf = (name: string): readonly unknown[] =>
      touching.map((entry) => entry.values.get(name)).filter((value) => value !== undefined);
    for (const other of others) {
      first.content = this.#join(first.content, other.content);
      open.splice(open.indexOf(other), 1);
    }
    first.window = new Window(start, end);
    this.#registerCleanup(first.window);
    this.#options.trigger.onMerge(first.window, this.#triggerContext.of(first), valuesOf);
    return first;
  }

  #join(a: unknown, b: unknown): unknown {
    if (a === undefined) return b;
    if (b === undefined) return a;
    if (this.#options.evictor !== undefined) return [...(a as unknown[]), ...(b as unknown[])];
    return (this.#fold.merge as (a: unknown, b: unknown) => unknown)(a, b);
  }

  #act(identity: KeyIdentity, entry: OpenWindow, result: TriggerResult): void {
    switch (result) {
      case 'CONTINUE':
        return;
      case 'FIRE':
        return this.#fire(identity, entry, true);
      case 'PURGE':
        entry.content = undefined;
        return;
      case 'FIRE_AND_PURGE':
        this.#fire(identity, entry, false);
        entry.content = undefined;
        return;
    }
    throw new UserError(
      `a trigger returned ${String(result)}: it must return CONTINUE, FIRE, PURGE or FIRE_AND_PURGE from onElement, onEventTime ` +
        'and onProcessingTime',
    );
  }

  #fire(identity: KeyIdentity, entry: OpenWindow, retained: boolean): void {
    const { evictor } = this.#options;
    const { start, end } = entry.window;
    if (entry.content === undefined) return;
    if (evictor === undefined) return this.#emitter.emit(identity, entry.content, start, end, retained);
    const kept = evictor.evictBefore(entry.content as TimestampedValue<unknown>[], entry.window);
    if (kept.length > 0) this.#emitter.emit(identity, this.#folded(kept), start, end, retained);
    entry.content = [...evictor.evictAfter(kept, entry.window)];
  }

  /** For a function that sees all records, folding makes their list. */
  #folded(elements: readonly TimestampedValue<unknown>[]): unknown {
    let folded: unknown;
    for (const [index, { value }] of elements.entries()) {
      folded = index === 0 ? this.#fold.create(value) : this.#fold.add(folded, value);
    }
    return folded;
  }

  #late(value: unknown, timestamp: number): void {
    if (this.#options.lateTagId === undefined) this.#context.dropLate();
    else this.#context.sideOutput(this.#options.lateTagId)?.(value, timestamp);
  }

  /** Time in the window's domain after which nothing can reach it. */
  #cleanupTime(window: Window): number {
    switch (this.#options.assignment.time) {
      case 'event-time':
        return Math.min(MAX_WATERMARK, window.maxTimestamp() + this.#options.allowedLatenessMs);
      case 'processing-time':
        return window.maxTimestamp();
      case 'none':
        return Number.POSITIVE_INFINITY;
    }
  }

  #now(): number {
    return this.#options.assignment.time === 'event-time'
      ? this.#watermark
      : this.#timers.currentProcessingTime() - 1;
  }

  #registerCleanup(window: Window): void {
    const { time } = this.#options.assignment;
    if (time === 'event-time') this.#timers.registerEventTimeTimer(this.#cleanupTime(window));
    else if (time === 'processing-time') this.#timers.registerProcessingTimeTimer(this.#cleanupTime(window));
  }

  advanceWatermark(to: number): boolean {
    // After a restore, event time runs up to where it was.
    const watermark = Math.max(to, this.#restored);
    this.#watermark = watermark;
    this.#emitter.watermark = watermark;
    return this.#timers.advanceWatermark(watermark, this.#onTimer);
  }

  advanceProcessingTime(now: number): boolean {
    return this.#timers.advanceProcessingTime(now, this.#onTimer);
  }

  /** The clock of a stream that has ended stands still: windows of wall time emit now rather than never. */
  endInput(): boolean {
    if (this.#options.assignment.time !== 'processing-time') return true;
    return this.#timers.advanceProcessingTime(Number.MAX_SAFE_INTEGER, this.#onTimer);
  }

  nextProcessingTimer(): number | undefined {
    return this.#timers.nextProcessingTimer();
  }

  readonly #onTimer = (timestamp: number, key: Key, domain: TimeDomain): boolean => {
    this.#context.trace.node = this.#context.node;
    const identity = keyIdentity(key);
    const { trigger, assignment } = this.#options;
    for (const entry of [...(this.#openOf(identity) ?? [])]) {
      const timers = domain === 'event-time' ? entry.eventTimers : entry.processingTimers;
      if (timers.delete(timestamp)) {
        const context = this.#triggerContext.of(entry);
        const result =
          domain === 'event-time'
            ? trigger.onEventTime(timestamp, entry.window, context)
            : trigger.onProcessingTime(timestamp, entry.window, context);
        this.#act(identity, entry, result);
      }
      if (assignment.time === domain && this.#cleanupTime(entry.window) <= timestamp)
        this.#drop(identity, entry);
    }
    return !this.#context.flow.blocked;
  };

  #drop(identity: KeyIdentity, entry: OpenWindow): void {
    const cell = this.#pane.get(identity);
    if (cell !== undefined) {
      this.#table.touch(cell);
      cell.value.splice(cell.value.indexOf(entry), 1);
      if (cell.value.length === 0) this.#table.remove(cell);
    }
    if (this.#emitter.clears) this.#emitter.clear(identity, entry.window.start, entry.window.end);
  }
}

/** The context of one operator, pointed at the window in hand. */
class OneWindowContext implements TriggerContext {
  timers!: InMemoryTimerService;
  readonly #watermark: () => number;
  #entry!: OpenWindow;

  constructor(watermark: () => number) {
    this.#watermark = watermark;
  }

  of(entry: OpenWindow): this {
    this.#entry = entry;
    return this;
  }

  currentProcessingTime(): number {
    return this.timers.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.#watermark();
  }

  registerEventTimeTimer(timestamp: number): void {
    this.#entry.eventTimers.add(timestamp);
    this.timers.registerEventTimeTimer(timestamp);
  }

  registerProcessingTimeTimer(timestamp: number): void {
    this.#entry.processingTimers.add(timestamp);
    this.timers.registerProcessingTimeTimer(timestamp);
  }

  /** Another window of the key may wait for the same time: the timer itself stays, this window ignores it. */
  deleteEventTimeTimer(timestamp: number): void {
    this.#entry.eventTimers.delete(timestamp);
  }

  deleteProcessingTimeTimer(timestamp: number): void {
    this.#entry.processingTimers.delete(timestamp);
  }

  getValue<V>(name: string): V | undefined {
    return this.#entry.values.get(name) as V | undefined;
  }

  setValue<V>(name: string, value: V | undefined): void {
    if (value === undefined) this.#entry.values.delete(name);
    else this.#entry.values.set(name, value);
  }
}
