import { MIN_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import type { KeySelector } from '../../functions/basic.ts';
import { keyIdentity, MinHeap, PaneRow } from '../../state/index.ts';
import type { KeyIdentity, Pane, PaneCell, PaneCodec, WindowTable } from '../../state/index.ts';
import type { Emit, OperatorContext, StreamOperator } from '../chain/operator.ts';
import { foldOf } from './fold.ts';
import type { Fold } from './fold.ts';
import { timestampMissing } from './pane-window-operator.ts';
import { WindowProgress } from './window-progress.ts';
import { WindowEmitter } from './window-emitter.ts';
import type { WindowOptions } from './window-options.ts';

/**
 * One open session of one key. Its end grows; `timer` is the end for which it waits in a bucket, if it does. A key seldom
 * has a second one: they are linked, so that the table leads to the first without an array in between, and the first is
 * the key's row itself.
 */
class Session extends PaneRow<Session> {
  start: number;
  end: number;
  accumulator: unknown;
  timer: number | undefined = undefined;
  alive = true;
  /** Another session of the same key. */
  next: Session | undefined = undefined;

  constructor(identity: KeyIdentity, start: number, end: number, accumulator: unknown) {
    super(identity);
    this.value = this;
    this.start = start;
    this.end = end;
    this.accumulator = accumulator;
  }
}

/** Sessions of all keys are in one pane. */
const ALL = 0;

/** The sessions of a key as [start, end, accumulator]. */
const SESSIONS: PaneCodec<Session> = {
  toPlain: (first) => {
    const plain: unknown[] = [];
    for (let session: Session | undefined = first; session !== undefined; session = session.next)
      plain.push([session.start, session.end, session.accumulator]);
    return plain;
  },
  fromPlain: (plain, identity) => {
    const sessions = (plain as [number, number, unknown][]).map(
      ([start, end, accumulator]) => new Session(identity, start, end, accumulator),
    );
    for (const [index, session] of sessions.entries()) session.next = sessions[index + 1];
    return sessions[0] as Session;
  },
};

/** Sessions by a time, earliest first, then in order of insertion. */
class SessionBuckets {
  readonly #buckets = new Map<number, Session[]>();
  readonly #times = new MinHeap();

  add(time: number, session: Session): void {
    const bucket = this.#buckets.get(time);
    if (bucket !== undefined) {
      bucket.push(session);
      return;
    }
    this.#buckets.set(time, [session]);
    this.#times.push(time);
  }

  next(): number | undefined {
    return this.#times.peek();
  }

  take(): Session[] {
    const time = this.#times.pop();
    const bucket = time === undefined ? undefined : this.#buckets.get(time);
    if (time !== undefined) this.#buckets.delete(time);
    return bucket ?? [];
  }
}

/**
 * Session windows: intervals that merge. A session waits in the bucket of the end it had when it was put there; when the
 * bucket is due and the session has grown, it moves on, so that a record costs no timer operation.
 */
export class SessionWindowOperator implements StreamOperator {
  readonly #options: WindowOptions;
  readonly #gap: number;
  readonly #lateness: number;
  readonly #toFire = new SessionBuckets();
  readonly #toClear = new SessionBuckets();
  #watermark = MIN_WATERMARK;
  #progress: WindowProgress | undefined;
  /** How far a checkpoint had come that the job goes on from. */
  #restored = MIN_WATERMARK;
  #firing: { readonly time: number; readonly sessions: readonly Session[]; next: number } | undefined;
  #context!: OperatorContext;
  #emitter!: WindowEmitter;
  #fold!: Fold;
  #table!: WindowTable<Session>;
  #pane!: Pane<Session>;

  constructor(options: WindowOptions, gapMs: number) {
    this.#options = options;
    this.#gap = gapMs;
    this.#lateness = options.allowedLatenessMs;
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
    this.#emitter = new WindowEmitter(context, this.#options.mode, this.#fold, true);
    this.#table = context.keyedState().windowTable<Session>('sessions', SESSIONS);
    this.#pane = this.#table.pane(ALL);
    const { trace, node } = context;
    const { selectKey } = this.#options;
    return [
      (value, timestamp) => {
        trace.node = node;
        if (timestamp === NO_TIMESTAMP) throw timestampMissing();
        this.#add(keyIdentity(selectKey(value)), value, timestamp);
      },
    ];
  }

  open(): void | Promise<void> {
    this.#progress = new WindowProgress(this.#context.operatorState());
    this.#restored = this.#progress.restored;
    this.#watermark = this.#restored;
    for (const { value } of this.#pane.values())
      for (let session: Session | undefined = value; session !== undefined; session = session.next) {
        if (session.end - 1 > this.#watermark) this.#schedule(session);
        else this.#toClear.add(session.end + this.#lateness, session);
      }
    return this.#emitter.open();
  }

  snapshotState(): void {
    this.#progress?.save(this.#watermark);
  }

  close(): void | Promise<void> {
    return this.#emitter.close();
  }

  #add(identity: KeyIdentity, value: unknown, timestamp: number): void {
    const end = timestamp + this.#gap;
    const cell = this.#pane.get(identity);
    const first = cell?.value;
    let session = first;
    if (cell !== undefined) this.#table.touch(cell);
    // Merging is for a key with several sessions, or with one that the record does not touch.
    if (first !== undefined && (first.next !== undefined || timestamp > first.end || end < first.start))
      session = this.#join(first, timestamp, end);
    if (session === undefined) {
      if (end - 1 + this.#lateness <= this.#watermark) return this.#late(value, timestamp);
      session = new Session(identity, timestamp, end, this.#fold.create(value));
      session.next = first;
      if (cell === undefined) this.#table.insertRow(this.#pane, ALL, session);
      else cell.value = session;
    } else {
      if (timestamp < session.start) session.start = timestamp;
      if (end > session.end) session.end = end;
      session.accumulator = this.#fold.add(session.accumulator, value);
    }
    if (session.end - 1 > this.#watermark) this.#schedule(session);
    else this.#fireLate(session);
  }

  /** Merges the key's sessions that touch [start, end] into the earliest of them; undefined when none does. */
  #join(open: Session, start: number, end: number): Session | undefined {
    const touching: Session[] = [];
    for (let session: Session | undefined = open; session !== undefined; session = session.next)
      if (start <= session.end && end >= session.start) touching.push(session);
    const [first, ...others] = touching.toSorted((a, b) => a.start - b.start);
    if (first === undefined) return undefined;
    for (const other of others) {
      first.end = Math.max(first.end, other.end);
      const merge = this.#fold.merge as (a: unknown, b: unknown) => unknown;
      first.accumulator = merge(first.accumulator, other.accumulator);
      this.#remove(other);
    }
    return first;
  }

  #remove(session: Session): void {
    session.alive = false;
    const cell = this.#pane.get(session.identity) as PaneCell<Session>;
    this.#table.touch(cell);
    if (cell.value === session) {
      if (session.next === undefined) this.#table.remove(cell);
      else cell.value = session.next;
      return;
    }
    let before = cell.value;
    while (before.next !== session) before = before.next as Session;
    before.next = session.next;
  }

  #schedule(session: Session): void {
    if (session.timer !== undefined) return;
    session.timer = session.end;
    this.#toFire.add(session.end, session);
  }

  #late(value: unknown, timestamp: number): void {
    if (this.#options.lateTagId === undefined) this.#context.dropLate();
    else this.#context.sideOutput(this.#options.lateTagId)?.(value, timestamp);
  }

  /** A record joined a session whose end has passed but that is still open for late records. */
  #fireLate(session: Session): void {
    this.#emitter.emit(session.identity, session.accumulator, session.start, session.end, true);
    this.#toClear.add(session.end + this.#lateness, session);
  }

  advanceWatermark(to: number): boolean {
    // After a restore, event time runs up to where it was.
    const watermark = Math.max(to, this.#restored);
    if (this.#emitter.lacksRows && this.#isDue(watermark) && !this.#emitter.fetchRows()) return false;
    this.#watermark = watermark;
    this.#emitter.watermark = watermark;
    for (;;) {
      if (this.#firing === undefined) {
        const time = this.#toFire.next();
        if (time === undefined || time - 1 > watermark) break;
        this.#firing = { time, sessions: this.#toFire.take(), next: 0 };
      }
      if (!this.#fireBucket(this.#firing)) return false;
      this.#firing = undefined;
    }
    this.#expire(watermark);
    return true;
  }

  #isDue(watermark: number): boolean {
    const [fire, clear] = [this.#toFire.next(), this.#toClear.next()];
    return (
      this.#firing !== undefined ||
      (fire !== undefined && fire - 1 <= watermark) ||
      (clear !== undefined && clear - 1 <= watermark)
    );
  }

  #fireBucket(firing: {
    readonly time: number;
    readonly sessions: readonly Session[];
    next: number;
  }): boolean {
    while (firing.next < firing.sessions.length) {
      const session = firing.sessions[firing.next] as Session;
      firing.next += 1;
      if (!session.alive || session.timer !== firing.time) continue;
      session.timer = undefined;
      if (session.end > firing.time) {
        this.#schedule(session);
        continue;
      }
      this.#emitter.emit(
        session.identity,
        session.accumulator,
        session.start,
        session.end,
        this.#lateness > 0,
      );
      if (this.#lateness > 0) this.#toClear.add(session.end + this.#lateness, session);
      else this.#close(session);
      if (this.#context.flow.blocked) return false;
    }
    return true;
  }

  #expire(watermark: number): void {
    for (
      let time = this.#toClear.next();
      time !== undefined && time - 1 <= watermark;
      time = this.#toClear.next()
    ) {
      for (const session of this.#toClear.take()) {
        if (!session.alive || session.end + this.#lateness !== time) continue;
        this.#close(session);
      }
    }
  }

  #close(session: Session): void {
    this.#remove(session);
    if (this.#emitter.clears) this.#emitter.clear(session.identity, session.start, session.end);
  }
}
