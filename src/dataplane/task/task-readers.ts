import type { OperatorId } from '../../base/ids.ts';
import { MAX_WATERMARK, MIN_WATERMARK } from '../../base/time.ts';
import { histogramValue } from '../../metrics/collect-group.ts';
import type { MetricReaders } from '../../metrics/system/system-metrics.ts';
import { SystemMetrics } from '../../metrics/system/system-metrics.ts';
import { OPERATOR_METRICS, SINK_METRICS, SOURCE_METRICS } from '../../metrics/system/operator-metrics.ts';
import { TASK_METRICS } from '../../metrics/system/task-metrics.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Chain, ChainMember } from '../chain/index.ts';
import type { TaskSnapshot } from '../checkpoint/index.ts';
import type { ChannelQueue } from '../exchange/channel.ts';
import type { ChannelWriter } from '../exchange/channel-writer.ts';
import type { ChannelTraffic } from '../exchange/input-gate.ts';
import { SinkOperator } from '../operators/sink.ts';
import { SourceOperator } from '../operators/source.ts';
import type { BackPressure } from './back-pressure.ts';
import type { MailboxMeter } from './mailbox-meter.ts';
import type { SourceInput } from './source-input.ts';
import type { TaskCounters } from './task.ts';
import { watermarkMetric } from './task-metrics.ts';

/** What a task keeps anyway, as its metrics see it. */
export interface TaskView {
  readonly counters: TaskCounters;
  readonly clock: Clock;
  readonly chain: Chain;
  /** Missing for a task with channels. */
  readonly source: SourceInput | undefined;
  readonly writers: readonly ChannelWriter[];
  /** Monotonic ms: when it was made, and when it took records first. */
  readonly createdAt: number;
  readonly openedAt: number;
  readonly inputs: () => readonly ChannelTraffic[];
  /** What waits in each channel. */
  readonly waiting: () => readonly ChannelQueue[];
  readonly pressure: BackPressure;
  readonly mailbox: MailboxMeter;
  /** Control messages that have come and were not acted on. */
  readonly mailsWaiting: () => number;
  readonly lastSnapshot: () => TaskSnapshot | undefined;
}

const NANOS_PER_MS = 1e6;

/** Metrics of a task, read from what it counts for itself. */
export function taskSystemMetrics(view: TaskView): SystemMetrics<typeof TASK_METRICS> {
  const { counters, createdAt, openedAt, lastSnapshot } = view;
  const nanos = (metric: 'alignmentMs' | 'startDelayMs') => (): number | undefined => {
    const ms = lastSnapshot()?.metrics[metric];
    return ms === undefined ? undefined : Math.round(ms * NANOS_PER_MS);
  };
  return new SystemMetrics(TASK_METRICS, {
    numRecordsIn: () => counters.numRecordsIn,
    numRecordsInPerSecond: () => counters.numRecordsIn,
    numRecordsOut: () => counters.numRecordsOut,
    numRecordsOutPerSecond: () => counters.numRecordsOut,
    numBytesIn: () => counters.numBytesIn,
    numBytesInPerSecond: () => counters.numBytesIn,
    numBytesOut: () => counters.numBytesOut,
    numBytesOutPerSecond: () => counters.numBytesOut,
    ...timeReaders(view),
    ...mailboxReaders(view),
    currentInputWatermark: () => watermarkMetric(counters.currentInputWatermark),
    numLateRecordsDropped: () => counters.numLateRecordsDropped,
    numWatermarksBackwards: () => counters.numWatermarksBackwards,
    numRecordsOutMistyped: () => counters.numRecordsOutMistyped,
    checkpointAlignmentTime: nanos('alignmentMs'),
    checkpointStartDelayNanos: nanos('startDelayMs'),
    initializationTime: () => Math.round(openedAt - createdAt),
    ...exchangeReaders(view),
  });
}

function timeReaders({ counters, clock, openedAt, pressure }: TaskView): MetricReaders<typeof TASK_METRICS> {
  const soft = (): number => pressure.totalMs('soft', clock.monotonic());
  const hard = (): number => pressure.totalMs('hard', clock.monotonic());
  const blocked = (): number => soft() + hard();
  const busy = (): number => counters.busyMs;
  const idle = (): number => Math.max(0, clock.monotonic() - openedAt - busy() - blocked());
  return {
    busyTimeMsPerSecond: busy,
    idleTimeMsPerSecond: idle,
    backPressuredTimeMsPerSecond: blocked,
    softBackPressuredTimeMsPerSecond: soft,
    hardBackPressuredTimeMsPerSecond: hard,
    maxSoftBackPressureTimeMs: () => Math.round(pressure.longestMs('soft', clock.monotonic())),
    maxHardBackPressureTimeMs: () => Math.round(pressure.longestMs('hard', clock.monotonic())),
    accumulateBusyTimeMs: () => Math.round(busy()),
    accumulateIdleTimeMs: () => Math.round(idle()),
    accumulateBackPressuredTimeMs: () => Math.round(blocked()),
    isBackPressured: () => pressure.isBlocked,
  };
}

function mailboxReaders({ mailbox, mailsWaiting }: TaskView): MetricReaders<typeof TASK_METRICS> {
  return {
    mailboxMailsPerSecond: () => mailbox.mails,
    mailboxLatencyMs: () => histogramValue(mailbox.latency),
    mailboxQueueSize: mailsWaiting,
  };
}

function exchangeReaders({ writers, inputs, waiting }: TaskView): MetricReaders<typeof TASK_METRICS> {
  const batchesOut = (): number => sum(writers, ({ batches }) => batches);
  const from = (remote: boolean, what: 'bytes' | 'batches') => (): number =>
    sum(inputs(), (channel) => (channel.remote === remote ? channel[what] : 0));
  return {
    numBuffersOut: batchesOut,
    numBuffersOutPerSecond: batchesOut,
    'Shuffle.Netty.Input.numBytesInLocal': from(false, 'bytes'),
    'Shuffle.Netty.Input.numBytesInLocalPerSecond': from(false, 'bytes'),
    'Shuffle.Netty.Input.numBytesInRemote': from(true, 'bytes'),
    'Shuffle.Netty.Input.numBytesInRemotePerSecond': from(true, 'bytes'),
    'Shuffle.Netty.Input.numBuffersInLocal': from(false, 'batches'),
    'Shuffle.Netty.Input.numBuffersInLocalPerSecond': from(false, 'batches'),
    'Shuffle.Netty.Input.numBuffersInRemote': from(true, 'batches'),
    'Shuffle.Netty.Input.numBuffersInRemotePerSecond': from(true, 'batches'),
    ...bufferReaders(writers, waiting),
  };
}

/** Under their names, and under those without `Shuffle.Netty`, which Flink keeps from earlier. */
function bufferReaders(
  writers: readonly ChannelWriter[],
  waiting: TaskView['waiting'],
): MetricReaders<typeof TASK_METRICS> {
  const inputQueueLength = (): number => sum(waiting(), ({ length }) => length);
  const inPoolUsage = (): number => mean(waiting(), ({ usage }) => usage);
  const outputQueueLength = (): number => sum(writers, ({ queued }) => queued);
  const outPoolUsage = (): number => mean(writers, ({ full }) => Number(full));
  return {
    'Shuffle.Netty.Input.Buffers.inputQueueLength': inputQueueLength,
    'Shuffle.Netty.Input.Buffers.inputQueueSize': () => sum(waiting(), ({ bytes }) => bytes),
    'Shuffle.Netty.Input.Buffers.inPoolUsage': inPoolUsage,
    'Shuffle.Netty.Input.Buffers.inputExclusiveBuffersUsage': inPoolUsage,
    'Shuffle.Netty.Output.Buffers.outputQueueLength': outputQueueLength,
    'Shuffle.Netty.Output.Buffers.outputQueueSize': () =>
      sum(writers, ({ channel }) => channel.unsentBytes ?? 0),
    'Shuffle.Netty.Output.Buffers.outPoolUsage': outPoolUsage,
    'buffers.inputQueueLength': inputQueueLength,
    'buffers.inPoolUsage': inPoolUsage,
    'buffers.outputQueueLength': outputQueueLength,
    'buffers.outPoolUsage': outPoolUsage,
  };
}

/** Adds the metrics of each operator to its component. */
export function addOperatorMetrics(view: TaskView): void {
  for (const [index, member] of view.chain.members.entries()) {
    const { metrics, operator } = member;
    metrics.add(new SystemMetrics(OPERATOR_METRICS, operatorReaders(view, index, member)));
    if (operator instanceof SourceOperator && view.source !== undefined)
      metrics.add(new SystemMetrics(SOURCE_METRICS, sourceReaders(view, operator, view.source)));
    if (operator instanceof SinkOperator)
      metrics.add(new SystemMetrics(SINK_METRICS, sinkReaders(operator, member.counts.recordsIn)));
  }
}

function operatorReaders(
  { chain, lastSnapshot, inputs }: TaskView,
  index: number,
  { counts, operatorId, kind, inputCount }: ChainMember,
): MetricReaders<typeof OPERATOR_METRICS> {
  const { recordsIn, recordsOut, lateRecordsDropped } = counts;
  const isSource = kind === 'source';
  return {
    ...(isSource ? {} : { numRecordsIn: recordsIn, numRecordsInPerSecond: recordsIn }),
    ...(isSource ? {} : { currentInputWatermark: () => watermarkMetric(chain.watermarksOf(index).input) }),
    ...(inputCount === 2
      ? {
          currentInput1Watermark: () => watermarkMetric(watermarkOf(inputs(), 0)),
          currentInput2Watermark: () => watermarkMetric(watermarkOf(inputs(), 1)),
        }
      : {}),
    numRecordsOut: recordsOut,
    numRecordsOutPerSecond: recordsOut,
    currentOutputWatermark: () => watermarkMetric(chain.watermarksOf(index).output),
    ...(kind === 'window' ? { numLateRecordsDropped: lateRecordsDropped } : {}),
    'state.size': () => stateSize(lastSnapshot(), operatorId),
  };
}

function sourceReaders(
  { counters, clock, chain }: TaskView,
  operator: SourceOperator,
  source: SourceInput,
): MetricReaders<typeof SOURCE_METRICS> {
  return {
    numRecordsInErrors: () => counters.numRecordsInErrors,
    currentFetchEventTimeLag: () => operator.eventTimeLag?.fetch,
    currentEmitEventTimeLag: () => operator.eventTimeLag?.emit,
    watermarkLag: () => (chain.watermark <= MIN_WATERMARK ? undefined : clock.now() - chain.watermark),
    sourceIdleTime: () => Math.round(clock.monotonic() - source.recordsAt),
    pendingRecords: () => source.pendingRecords,
    pendingBytes: () => source.pendingBytes,
    assignedSplits: () => source.splits.length,
    numSplitsProcessed: () => source.splitsProcessed,
    watermarkAlignmentDrift: () => source.alignmentDrift,
  };
}

function sinkReaders(sink: SinkOperator, recordsIn: () => number): MetricReaders<typeof SINK_METRICS> {
  return {
    numRecordsSend: recordsIn,
    numRecordsSendPerSecond: recordsIn,
    numBytesSend: () => sink.bytesSent,
    numBytesSendPerSecond: () => sink.bytesSent,
    totalCommittables: () => sink.committables?.total,
    successfulCommittables: () => sink.committables?.successful,
    failedCommittables: () => sink.committables?.failed,
    retriedCommittables: () => sink.committables?.retried,
    alreadyCommittedCommittables: () => sink.committables?.alreadyCommitted,
    pendingCommittables: () => sink.committables?.pending,
  };
}

/** Event time of one input of the head: the least of its channels that have not ended. */
function watermarkOf(channels: readonly ChannelTraffic[], input: number): number {
  const open = channels.filter((channel) => channel.input === input && !channel.ended);
  return open.reduce((least, { watermark }) => Math.min(least, watermark), MAX_WATERMARK);
}

function stateSize(snapshot: TaskSnapshot | undefined, operatorId: OperatorId): number | undefined {
  const state = snapshot?.state.operators.find((operator) => operator.operatorId === operatorId);
  if (state === undefined) return undefined;
  const { keyed, operatorState } = state;
  const files = sum(keyed?.files ?? [], ({ size }) => size);
  if (operatorState === undefined) return files;
  return files + (operatorState instanceof Uint8Array ? operatorState.byteLength : operatorState.size);
}

/** 0 of nothing. */
function mean<T>(items: readonly T[], of: (item: T) => number): number {
  return items.length === 0 ? 0 : sum(items, of) / items.length;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
