import { SOURCE_BATCH_RECORDS } from '../../base/limits.ts';
import { UserError } from '../../base/errors.ts';
import { MAX_WATERMARK, MIN_WATERMARK } from '../../base/time.ts';
import { BAD_RECORDS_ID } from '../../functions/sink.ts';
import type { BadRecord } from '../../functions/sink.ts';
import type {
  BadRecordPolicy,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
} from '../../functions/source.ts';
import type { WatermarkGenerator } from '../../functions/watermark.ts';
import type { Chain, Flow, Trace } from '../chain/index.ts';
import { BARRIER_DRAIN } from '../exchange/channel.ts';
import type { CheckpointBarrier } from '../exchange/channel.ts';
import { nextWatermark } from '../operators/event-time.ts';
import type { SourceOperator } from '../operators/source.ts';
import { SourceAlignment } from './source-alignment.ts';
import type { TaskCounters, TaskDescriptor, TaskEnvironment } from './task.ts';
import type { InputListener, TaskInput } from './task-input.ts';

/** Event time of one split. */
interface SplitTime {
  readonly generator: WatermarkGenerator;
  watermark: number;
  /** Monotonic time of its last records. */
  activeAt: number;
}

export interface SourceInputOptions {
  readonly operator: SourceOperator;
  readonly chain: Chain;
  readonly flow: Flow;
  readonly trace: Trace;
  readonly counters: TaskCounters;
  readonly descriptor: TaskDescriptor;
  readonly environment: TaskEnvironment;
  readonly listener: InputListener;
}

const BAD_RECORD_CHARS = 1_000;

/**
 * Feeds a chain from a source's reader: batches of its splits, a watermark per split merged to their minimum (splits
 * that are read to their end or idle do not hold it back), bad records by policy.
 */
export class SourceInput implements TaskInput {
  readonly bytesIn = 0;
  readonly #options: SourceInputOptions;
  readonly #splits = new Map<string, SplitTime>();
  readonly #badRecords: BadRecord[] = [];
  #reader: SourceReader<unknown, SourceSplit> | undefined;
  #assigned: SourceSplit[] = [];
  #noMoreSplits = false;
  #started = false;
  #drained = false;
  #batch: SourceBatch<unknown> | undefined;
  #next = 0;
  #lastSplit: string | undefined;
  #awaiting = false;
  #failure: { readonly error: unknown } | undefined;
  #idle = false;
  #emptySince: number;
  #recordsAt: number;
  #splitsProcessed = 0;
  #ended = false;
  #alignment: SourceAlignment | undefined;

  constructor(options: SourceInputOptions) {
    this.#options = options;
    this.#emptySince = options.environment.clock.monotonic();
    this.#recordsAt = this.#emptySince;
  }

  async open(): Promise<void> {
    const reader = this.#options.operator.source.createReader(this.#readerContext());
    this.#reader = reader;
    this.#alignment = this.#newAlignment(reader);
    // Before the start, so that a reader that goes on with splits does not ask for further ones.
    this.#handOver(reader);
    this.#alignment?.start();
    await reader.start();
    this.#started = true;
    this.#handOver(reader);
    this.#forgetFinished(undefined);
    if (this.#noMoreSplits) reader.notifyNoMoreSplits();
  }

  #handOver(reader: SourceReader<unknown, SourceSplit>): void {
    const splits = this.#assigned;
    this.#assigned = [];
    if (splits.length > 0) reader.addSplits(splits);
  }

  addSplits(splits: readonly SourceSplit[]): void {
    for (const { splitId } of splits) this.#splitTime(splitId);
    this.#alignment?.changed();
    if (!this.#started) {
      this.#assigned.push(...splits);
      return;
    }
    this.#reader?.addSplits(splits);
    // A reader may take what is no data (the end of a source): that holds back nothing.
    this.#forgetFinished(this.#batch?.splitId);
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true;
    this.#alignment?.changed();
    if (this.#started) this.#reader?.notifyNoMoreSplits();
  }

  step(): 'progress' | 'idle' | 'ended' {
    const { operator, counters } = this.#options;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#drained && this.betweenBatches) return this.#end();
    if (this.#badRecords.length > 0) return this.#emitBadRecords();
    if (this.#batch !== undefined) return this.#emit(this.#batch);
    const polled = this.#poll();
    if (polled === 'end') return this.#badRecords.length > 0 ? 'progress' : this.#end();
    if (polled === 'waiting') return this.#wait();
    this.#batch = polled;
    this.#next = 0;
    counters.numRecordsIn += polled.values.length;
    if (polled.splitId !== this.#lastSplit) this.#forgetFinished(polled.splitId);
    this.#lastSplit = polled.splitId;
    this.#recordsAt = this.#now();
    this.#splitTime(polled.splitId).activeAt = this.#recordsAt;
    operator.fetched();
    if (!this.#idle) return this.#emit(polled);
    // The channels must hear that they are active before they get records.
    this.#setIdle(false);
    return 'progress';
  }

  #poll(): SourceBatch<unknown> | 'waiting' | 'end' {
    if (this.#alignment?.held === true) return 'waiting';
    return this.#reader?.poll(SOURCE_BATCH_RECORDS) ?? 'waiting';
  }

  #end(): 'ended' {
    this.#ended = true;
    this.#forgetFinished(undefined);
    this.#alignment?.changed();
    return 'ended';
  }

  /** Splits that the reader holds, as of its last batch. */
  get splits(): readonly SourceSplit[] {
    return this.#started ? (this.#reader?.snapshotState() ?? []) : this.#assigned;
  }

  get betweenBatches(): boolean {
    return this.#batch === undefined && this.#badRecords.length === 0;
  }

  /** Records that wait to be read, where the reader knows. */
  get pendingRecords(): number | undefined {
    return this.#reader?.pendingRecords?.();
  }

  /** Bytes that wait to be read, where the reader knows. */
  get pendingBytes(): number | undefined {
    return this.#reader?.pendingBytes?.();
  }

  /** Splits read to their end. */
  get splitsProcessed(): number {
    return this.#splitsProcessed;
  }

  /** With watermark alignment: how far it is ahead of the smallest watermark of its group, ms; undefined while that is not known. */
  get alignmentDrift(): number | undefined {
    return this.#alignment?.drift;
  }

  /** Monotonic time of the last records, or of the beginning. */
  get recordsAt(): number {
    return this.#recordsAt;
  }

  /** A source has no channels. */
  cancelAlignment(): void {}

  recordsReceived(): readonly [] {
    return [];
  }

  trigger(barrier: CheckpointBarrier): void {
    if ((barrier.flags & BARRIER_DRAIN) !== 0) this.#drained = true;
    this.#options.listener.barrier({ ...barrier, alignmentMs: 0, processedBytes: 0, inFlight: [] });
  }

  takeUnaligned(): void {}

  drain(): void {}

  stepBarriers(): 'idle' {
    return 'idle';
  }

  /** It reads no further, and ends as if its input had. */
  get draining(): boolean {
    return this.#drained;
  }

  /** Splits out of a checkpoint, before `open`. */
  restore(splits: readonly SourceSplit[]): void {
    for (const { splitId } of splits) this.#splitTime(splitId);
    this.#assigned.push(...splits);
  }

  nextDeadline(): number | undefined {
    const { autoWatermarkIntervalMs } = this.#options.environment.settings;
    const interval =
      autoWatermarkIntervalMs > 0 ? autoWatermarkIntervalMs : this.#options.operator.strategy.idlenessMs;
    const align = this.#alignment && this.#options.operator.strategy.alignment?.updateIntervalMs;
    const soonest = Math.min(interval ?? Number.POSITIVE_INFINITY, align ?? Number.POSITIVE_INFINITY);
    return soonest === Number.POSITIVE_INFINITY ? undefined : this.#now() + soonest;
  }

  async close(): Promise<void> {
    this.#alignment?.close();
    await this.#reader?.close();
  }

  #emit(batch: SourceBatch<unknown>): 'progress' {
    const { operator, trace } = this.#options;
    const split = this.#splitTime(batch.splitId);
    this.#next = operator.emit(batch, this.#next, split.generator);
    trace.values = undefined;
    if (this.#next < batch.values.length) return 'progress';
    this.#batch = undefined;
    this.#updateWatermark(split);
    this.#alignment?.update();
    return 'progress';
  }

  #emitBadRecords(): 'progress' {
    const { operator, flow } = this.#options;
    while (this.#badRecords.length > 0 && !flow.blocked)
      operator.emitBadRecord(this.#badRecords.shift() as BadRecord);
    return 'progress';
  }

  #wait(): 'progress' | 'idle' {
    if (this.#badRecords.length > 0) return 'progress';
    const before = this.#options.chain.watermark;
    const idleBefore = this.#idle;
    this.#forgetFinished(undefined);
    for (const split of this.#splits.values()) split.watermark = this.#generated(split);
    const mayRead = this.#alignment?.update() === true;
    this.#mergeWatermarks();
    this.#checkIdle();
    if (mayRead) return 'progress';
    if (this.#alignment?.held !== true) this.#awaitRecords();
    return this.#options.chain.watermark > before || this.#idle !== idleBefore ? 'progress' : 'idle';
  }

  #awaitRecords(): void {
    if (this.#awaiting || this.#reader === undefined) return;
    this.#awaiting = true;
    this.#reader.available().then(this.#onAvailable, this.#onReaderFailed);
  }

  readonly #onAvailable = (): void => this.#woken(undefined);
  readonly #onReaderFailed = (error: unknown): void => this.#woken({ error });

  #woken(failure: { readonly error: unknown } | undefined): void {
    this.#awaiting = false;
    this.#failure ??= failure;
    this.#options.environment.wake();
  }

  #splitTime(splitId: string): SplitTime {
    let split = this.#splits.get(splitId);
    if (split === undefined) {
      const generator = this.#options.operator.strategy.createGenerator();
      split = { generator, watermark: MIN_WATERMARK, activeAt: this.#now() };
      this.#splits.set(splitId, split);
    }
    return split;
  }

  /** Splits that the reader holds no longer are read: they hold back no watermark. */
  #forgetFinished(current: string | undefined): void {
    if (this.#splits.size === 0 || this.#reader === undefined) return;
    const splits = this.#reader.snapshotState();
    // Asked whenever there is nothing to read: mostly nothing has changed.
    if (splits.length === this.#splits.size && splits.every(({ splitId }) => this.#splits.has(splitId)))
      return;
    const held = new Set(splits.map(({ splitId }) => splitId));
    let forgot = false;
    for (const splitId of this.#splits.keys()) {
      if (splitId === current || held.has(splitId)) continue;
      this.#splits.delete(splitId);
      this.#splitsProcessed += 1;
      forgot = true;
    }
    if (this.#splits.size === 0) this.#emptySince = this.#now();
    else if (forgot) this.#mergeWatermarks();
  }

  #updateWatermark(split: SplitTime): void {
    const watermark = this.#generated(split);
    if (watermark === split.watermark) return;
    split.watermark = watermark;
    this.#mergeWatermarks();
  }

  #generated({ generator, watermark }: SplitTime): number {
    return nextWatermark(generator.currentWatermark(), watermark, this.#options.counters);
  }

  #mergeWatermarks(): void {
    const { chain, counters, listener, operator } = this.#options;
    const idleBefore = this.#now() - (operator.strategy.idlenessMs ?? Number.POSITIVE_INFINITY);
    let minimum = MAX_WATERMARK;
    let counted = 0;
    for (const split of this.#splits.values()) {
      if (split.activeAt <= idleBefore) continue;
      counted += 1;
      if (split.watermark < minimum) minimum = split.watermark;
    }
    if (counted === 0 || minimum <= chain.watermark) return;
    chain.setWatermark(minimum);
    counters.currentInputWatermark = minimum;
    listener.advance();
  }

  #newAlignment(reader: SourceReader<unknown, SourceSplit>): SourceAlignment | undefined {
    const { operator, environment, descriptor } = this.#options;
    const { alignment, idlenessMs } = operator.strategy;
    if (alignment === undefined) return undefined;
    return new SourceAlignment({
      alignment,
      idlenessMs,
      environment,
      reader,
      vertexName: descriptor.vertexName,
      splits: this.#splits,
      reads: () => !this.#ended && !this.#drained && !(this.#noMoreSplits && this.#splits.size === 0),
    });
  }

  #checkIdle(): void {
    const { idlenessMs } = this.#options.operator.strategy;
    if (idlenessMs === undefined) return;
    const now = this.#now();
    const quietSince = Math.max(
      this.#splits.size === 0 ? this.#emptySince : 0,
      ...[...this.#splits.values()].map((s) => s.activeAt),
    );
    this.#setIdle(now - quietSince >= idlenessMs);
  }

  #setIdle(idle: boolean): void {
    if (idle === this.#idle) return;
    this.#idle = idle;
    this.#options.chain.setIdle(idle);
    this.#options.listener.advance();
  }

  #now(): number {
    return this.#options.environment.clock.monotonic();
  }

  #readerContext(): SourceReaderContext {
    const { descriptor, environment } = this.#options;
    return {
      subtaskIndex: descriptor.subtaskIndex,
      parallelism: descriptor.parallelism,
      now: () => environment.clock.now(),
      metricGroup: () => this.#options.operator.metrics.group,
      getOperatorStateStore: () => this.#options.operator.operatorState,
      sendSplitRequest: () => environment.requestSplit(),
      sleep: (ms) =>
        new Promise((resolve) => {
          environment.clock.setTimeout(resolve, ms);
        }),
      reportBadRecord: (policy, where, raw, cause) => this.#reportBadRecord(policy, where, raw, cause),
    };
  }

  #reportBadRecord(policy: BadRecordPolicy, where: string, raw: string, cause: unknown): void {
    this.#options.counters.numRecordsInErrors += 1;
    const reason = cause instanceof Error ? cause.message : String(cause);
    switch (policy) {
      case 'fail':
        throw new UserError(
          `a record cannot be decoded at ${where}: ${reason}; correct the data, or let the source skip such records or ` +
            `send them to the side output ${BAD_RECORDS_ID} (policy skip or dead-letter)`,
          { cause },
        );
      case 'skip':
        return;
      case 'dead-letter':
        this.#badRecords.push({ where, raw: raw.slice(0, BAD_RECORD_CHARS), reason });
        this.#options.environment.wake();
    }
  }
}
