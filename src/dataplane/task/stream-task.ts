import { assert } from '../../base/assert.ts';
import type { OperatorId } from '../../base/ids.ts';
import { RELEASED_DRAIN_MS, SNAPSHOT_STEP_MS, STEP_BATCHES_MAX } from '../../base/limits.ts';
import type { ChainLink, ChainPlan } from '../../graph/chain-plan.ts';
import type { TaskInfo } from '../../functions/context.ts';
import type { TimerHandle } from '../../ports/clock.ts';
import type { MetricSamples } from '../../protocol/metrics.ts';
import { HEAP_STATES, KeyGroupLoadError } from '../../state/index.ts';
import type { KeyedStates } from '../../state/index.ts';
import { assignSplits } from '../../state/snapshot/manifest.ts';
import type { SourceSplit } from '../../functions/source.ts';
import { buildChain, Flow, TaskError, Trace } from '../chain/index.ts';
import type { Chain, EdgeOutput, OperatorFactory, WallTime } from '../chain/index.ts';
import type { RestoredOperator } from '../chain/build-chain.ts';
import { TaskCheckpoints, restoreChain, restoreInFlight } from '../checkpoint/index.ts';
import type { InFlightRecord, TaskSnapshot } from '../checkpoint/index.ts';
import { BARRIER_STOP } from '../exchange/channel.ts';
import type { CheckpointBarrier } from '../exchange/channel.ts';
import { ChannelWriter } from '../exchange/channel-writer.ts';
import { InputGate } from '../exchange/input-gate.ts';
import type { ChannelTraffic } from '../exchange/input-gate.ts';
import { ResultPartition } from '../exchange/result-partition.ts';
import { SourceOperator } from '../operators/source.ts';
import { BackPressure } from './back-pressure.ts';
import type { PressureKind } from './back-pressure.ts';
import { GateInput } from './gate-input.ts';
import { MailboxMeter } from './mailbox-meter.ts';
import { newCounters } from './new-counters.ts';
import { fetchRemote } from './remote-keys.ts';
import { SourceInput } from './source-input.ts';
import type { StepResult, Task, TaskDescriptor, TaskEnvironment } from './task.ts';
import type { InputListener, TaskInput } from './task-input.ts';
import { NO_METRIC_SETTINGS, TaskMetrics } from './task-metrics.ts';
import { addOperatorMetrics, taskSystemMetrics } from './task-readers.ts';
import type { TaskView } from './task-readers.ts';

/**
 * - `running`: takes input;
 * - `ending`: carries the end of input through the chain;
 * - `finishing`: waits for sinks to have everything out;
 * - `awaiting`: all records were handed on, one more checkpoint has to become durable;
 * - `draining`: the end was sent, channels empty themselves.
 */
type Phase = 'running' | 'ending' | 'finishing' | 'awaiting' | 'draining' | 'finished';

/** What one turn of the loop in `step` did. */
type Turn = 'progress' | 'idle' | 'blocked' | 'finished';

/** A chain between its channels, or between its source and its channels. */
export class StreamTask implements Task {
  readonly descriptor: TaskDescriptor;
  readonly counters = newCounters();
  readonly #plan: ChainPlan<OperatorFactory>;
  readonly #environment: TaskEnvironment;
  readonly #flow: Flow;
  readonly #trace = new Trace();
  readonly #metrics: TaskMetrics;
  readonly #createdAt: number;
  #lastSnapshot: TaskSnapshot | undefined;
  readonly #wallTime: WallTime = { now: 0 };
  readonly #partitions: ResultPartition[] = [];
  readonly #splitCalls: ((source: SourceInput) => void)[] = [];
  #assignmentsTaken = 0;
  #checkpoints: TaskCheckpoints | undefined;
  /** The first checkpoint taken with all records handed on: the task ends when it is durable. */
  #finalCheckpoint = Number.POSITIVE_INFINITY;
  /** When that was known, monotonic ms. */
  #releasedAt: number | undefined;
  #releaseTimer: TimerHandle | undefined;
  #chain: Chain | undefined;
  #input: TaskInput | undefined;
  #source: SourceInput | undefined;
  #phase: Phase = 'running';
  /** What the task is doing, for errors. */
  #activity = 'while it was opened';
  #advance = false;
  #finish: 'no' | 'waiting' | 'done' = 'no';
  readonly #pressure = new BackPressure(this.counters);
  readonly #mailbox: MailboxMeter;
  #flushedAt = 0;
  #keyedStates = HEAP_STATES;
  #openingStates: Promise<KeyedStates> | undefined;
  #timer: { readonly handle: TimerHandle; readonly at: number } | undefined;

  constructor(descriptor: TaskDescriptor, plan: ChainPlan<OperatorFactory>, environment: TaskEnvironment) {
    this.descriptor = descriptor;
    this.#plan = plan;
    this.#environment = environment;
    this.#flow = new Flow(() => environment.wake());
    const { metrics = NO_METRIC_SETTINGS, logger, clock } = environment;
    this.#metrics = new TaskMetrics(descriptor, metrics, logger);
    this.#mailbox = new MailboxMeter(clock);
    this.#createdAt = clock.monotonic();
  }

  async open(): Promise<void> {
    try {
      this.#openingStates = this.#environment.openKeyedStates?.();
      if (this.#openingStates !== undefined) this.#keyedStates = await this.#openingStates;
      const restored = await this.#restore();
      const chain = this.#buildChain(restored);
      this.#chain = chain;
      this.#input = this.#newInput(chain);
      this.#checkpoints = this.#newCheckpoints(chain, restored);
      if (this.#input instanceof GateInput) this.#input.restore(await this.#inFlight());
      await fetchRemote(chain, this.#flow);
      await chain.open();
      this.#trace.node = 0;
      for (const call of this.#splitCalls.splice(0)) if (this.#source !== undefined) call(this.#source);
      await this.#input.open();
      this.#flushedAt = this.#environment.clock.monotonic();
      this.#addMetrics(chain);
    } catch (error) {
      throw this.#taskError(error);
    }
  }

  collectMetrics(now: number): MetricSamples[] {
    this.#mailbox.probe();
    return this.#metrics.collect(now);
  }

  addSplits(splits: readonly SourceSplit[], assignmentId: number): void {
    this.#tellSource((source) => {
      this.#assignmentsTaken = assignmentId + 1;
      source.addSplits(splits);
    });
  }

  notifyNoMoreSplits(): void {
    this.#tellSource((source) => source.notifyNoMoreSplits());
  }

  triggerCheckpoint(barrier: CheckpointBarrier): void {
    this.#mailbox.mails += 1;
    this.#input?.trigger(barrier);
    this.#environment.wake();
  }

  takeUnaligned(checkpointId: number): void {
    this.#mailbox.mails += 1;
    this.#input?.takeUnaligned(checkpointId);
    this.#environment.wake();
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#mailbox.mails += 1;
    if (this.#checkpoints === undefined) return;
    const committed = this.#checkpoints.complete(checkpointId).then(() => {
      if (checkpointId >= this.#finalCheckpoint) this.#release();
    });
    this.#flow.watch(committed, undefined);
  }

  notifyCheckpointAborted(checkpointId: number): void {
    this.#mailbox.mails += 1;
    this.#input?.cancelAlignment(checkpointId);
    this.#checkpoints?.abort(checkpointId);
    this.#environment.wake();
  }

  step(budgetMs: number): StepResult {
    const { clock } = this.#environment;
    const start = clock.monotonic();
    try {
      if (this.#isLeftAlone(start)) return 'finished';
      const wrote = this.#checkpoints?.step(start + SNAPSHOT_STEP_MS) ?? false;
      this.#input?.drain();
      if (!this.#resume(start)) return wrote ? 'progress' : 'blocked';
      const turn = this.#run(start + budgetMs);
      this.#flushIfDue(turn, start);
      this.#updateBytes();
      if (turn === 'progress' || turn === 'finished') this.counters.busyMs += clock.monotonic() - start;
      if (turn === 'finished') return 'finished';
      if (this.#flow.blocked) this.#pressure.begin(this.#pressureKind, start);
      if (wrote || this.#checkpoints?.writing === true) return 'progress';
      if (turn === 'progress' && !this.#flow.blocked) return 'progress';
      this.#scheduleWake();
      return 'blocked';
    } catch (error) {
      throw this.#taskError(error);
    }
  }

  async close(aborted: boolean): Promise<void> {
    if (this.#timer !== undefined) this.#environment.clock.clearTimeout(this.#timer.handle);
    this.#timer = undefined;
    if (this.#releaseTimer !== undefined) this.#environment.clock.clearTimeout(this.#releaseTimer);
    this.#mailbox.close();
    this.#activity = 'while it was closed';
    const failures: unknown[] = [];
    const attempt = async (close: () => void | Promise<void> | undefined): Promise<void> => {
      try {
        await close();
      } catch (error) {
        failures.push(this.#taskError(error));
      }
    };
    this.#checkpoints?.close();
    await attempt(() => this.#input?.close());
    await attempt(() => this.#chain?.close(aborted));
    for (const partition of this.#partitions) await attempt(() => partition.close());
    // A task may be closed while it is opened; that opening failed has been said by then.
    const states = await this.#openingStates?.catch(() => undefined);
    await attempt(() => states?.close());
    if (failures.length > 0) throw failures[0];
  }

  #tellSource(call: (source: SourceInput) => void): void {
    this.#mailbox.mails += 1;
    if (this.#source === undefined) this.#splitCalls.push(call);
    else call(this.#source);
    this.#environment.wake();
  }

  get #taskInfo(): TaskInfo {
    const { descriptor } = this;
    const { jobId, jobName, subtaskIndex, parallelism, attempt, epoch } = descriptor;
    return {
      jobId,
      jobName,
      operatorName: descriptor.vertexName,
      taskName: `${descriptor.vertexName} (${subtaskIndex + 1}/${parallelism})#${attempt}`,
      indexOfThisSubtask: subtaskIndex,
      numberOfParallelSubtasks: parallelism,
      maxNumberOfParallelSubtasks: descriptor.maxParallelism,
      attemptNumber: attempt,
      leaderEpoch: epoch,
    };
  }

  #restore(): Promise<ReadonlyMap<OperatorId, RestoredOperator> | undefined> {
    const { checkpointing, clock } = this.#environment;
    if (checkpointing?.restoreFrom === undefined) return Promise.resolve(undefined);
    const operators = this.#plan.nodes.map(({ operatorId }) => operatorId);
    this.#activity = 'while its state was restored';
    return restoreChain(checkpointing.restoreFrom, operators, this.#taskInfo, clock, this.#keyedStates);
  }

  #inFlight(): Promise<readonly InFlightRecord[]> {
    const { checkpointing } = this.#environment;
    const head = this.#plan.nodes[0];
    if (checkpointing?.restoreFrom === undefined || head === undefined) return Promise.resolve([]);
    return restoreInFlight(checkpointing.restoreFrom, head.operatorId, this.descriptor, (edgeId) =>
      checkpointing.partitionerOf(edgeId),
    );
  }

  #newCheckpoints(
    chain: Chain,
    restored: ReadonlyMap<OperatorId, RestoredOperator> = new Map(),
  ): TaskCheckpoints | undefined {
    const { checkpointing, clock } = this.#environment;
    if (checkpointing === undefined) return undefined;
    const acknowledge = (snapshot: TaskSnapshot): void => {
      this.#lastSnapshot = snapshot;
      checkpointing.acknowledge(snapshot);
    };
    return new TaskCheckpoints({
      checkpointing: { ...checkpointing, acknowledge },
      chain,
      restoredFiles: new Map([...restored].map(([operatorId, { files = [] }]) => [operatorId, files])),
      flow: this.#flow,
      trace: this.#trace,
      clock,
      splits: () => this.#source?.splits,
      assignmentsTaken: () => this.#assignmentsTaken,
      channelTotals: () => ({
        sent: Object.fromEntries(this.#partitions.flatMap((partition) => partition.recordsSent())),
        received: Object.fromEntries(this.#input?.recordsReceived() ?? []),
      }),
    });
  }

  #buildChain(restored: ReadonlyMap<OperatorId, RestoredOperator> | undefined): Chain {
    const { clock, settings, logger, checkpointing, spillFiles } = this.#environment;
    return buildChain(this.#plan, {
      taskInfo: this.#taskInfo,
      ...(restored === undefined ? {} : { restored }),
      checkpoints: {
        atEndOfInput: checkpointing?.afterTasksFinish === true,
        restored: checkpointing?.restoreFrom?.manifest.checkpointId,
      },
      logger,
      clock,
      keyedStates: this.#keyedStates,
      wallTime: this.#wallTime,
      settings,
      spillFiles,
      counters: this.counters,
      metricsOf: (operatorId, name) => this.#metrics.operator(operatorId, name),
      trace: this.#trace,
      flow: this.#flow,
      openEdge: (link, node) => this.#openEdge(link, node),
      sendResults: (collectId, rows, resumeAt) => this.#environment.sendResults(collectId, rows, resumeAt),
    });
  }

  #openEdge(link: Extract<ChainLink, { to: 'edge' }>, node: number): EdgeOutput {
    const channels = this.descriptor.outputs
      .filter((channel) => channel.edgeId === link.edgeId)
      .toSorted((a, b) => a.consumer.subtaskIndex - b.consumer.subtaskIndex);
    const partition = new ResultPartition(link.partitioner, {
      writers: channels.map(
        (channel) =>
          new ChannelWriter(
            this.#environment.openOutput(channel, link.records),
            this.#flow,
            this.counters,
            channel.channelId,
          ),
      ),
      subtaskIndex: this.descriptor.subtaskIndex,
      maxParallelism: channels[0]?.consumerMaxParallelism ?? this.descriptor.maxParallelism,
      objectReuse: this.#environment.settings.objectReuse,
      trace: this.#trace,
      node,
    });
    this.#partitions.push(partition);
    return partition;
  }

  #newInput(chain: Chain): TaskInput {
    const listener: InputListener = {
      advance: () => {
        this.#advance = true;
      },
      barrier: (barrier) => this.#checkpoints?.offer(barrier),
    };
    const { clock, checkpointing } = this.#environment;
    const head = chain.members[0]?.operator;
    const common = { chain, flow: this.#flow, trace: this.#trace, counters: this.counters, listener };
    if (head instanceof SourceOperator) {
      this.#source = new SourceInput({
        ...common,
        operator: head,
        descriptor: this.descriptor,
        environment: this.#environment,
      });
      this.#restoreSplits(this.#source);
      return this.#source;
    }
    const channels = this.descriptor.inputs.map((channel) => ({
      channel: this.#environment.openInput(channel, this.#plan.inputs.get(channel.edgeId)),
      input: channel.targetInput,
      edgeId: channel.edgeId,
      channelId: channel.channelId,
      remote: channel.carrier === 'network',
    }));
    const gate = new InputGate(channels, {
      blocksAtBarriers: checkpointing?.mode !== 'AT_LEAST_ONCE',
      now: () => clock.monotonic(),
    });
    return new GateInput({ ...common, gate });
  }

  #addMetrics(chain: Chain): void {
    const input = this.#input;
    const inputs = (): readonly ChannelTraffic[] => (input instanceof GateInput ? input.traffic() : []);
    const writers = this.#partitions.flatMap((partition) => partition.writers);
    const view: TaskView = {
      counters: this.counters,
      clock: this.#environment.clock,
      chain,
      source: this.#source,
      writers,
      createdAt: this.#createdAt,
      openedAt: this.#flushedAt,
      inputs,
      waiting: () => (input instanceof GateInput ? input.waiting() : []),
      pressure: this.#pressure,
      mailbox: this.#mailbox,
      mailsWaiting: () => this.#splitCalls.length + (this.#checkpoints?.waiting ?? 0),
      lastSnapshot: () => this.#lastSnapshot,
    };
    this.#metrics.task.add(taskSystemMetrics(view));
    addOperatorMetrics(view);
    this.#metrics.addChannels(inputs, writers);
  }

  #restoreSplits(source: SourceInput): void {
    const manifest = this.#environment.checkpointing?.restoreFrom?.manifest;
    const head = this.#plan.nodes[0];
    if (manifest === undefined || head === undefined) return;
    const { subtaskIndex, parallelism } = this.descriptor;
    source.restore(assignSplits(manifest, head.operatorId, { subtaskIndex, parallelism }));
  }

  /** Whether outputs take records and nothing asynchronous is awaited. Accounts for the time it was not so. */
  #resume(now: number): boolean {
    const { failure } = this.#flow;
    if (failure !== undefined) {
      if (failure.node !== undefined) this.#trace.node = failure.node;
      if (failure.error instanceof KeyGroupLoadError) this.#activity = 'while its state was loaded';
      else if (this.#phase === 'finishing') this.#activity = 'flushing at the end of its input';
      else this.#activity = 'waiting for its buffer to empty';
      throw failure.error;
    }
    if (!this.#flow.blocked) return true;
    this.#activity = 'sending its output';
    let ready = true;
    for (const partition of this.#partitions) if (!partition.resume()) ready = false;
    // While draining, channels that are full but hold nothing back do not matter.
    const resumed = this.#flow.resume(ready || this.#phase === 'draining');
    if (resumed) this.#pressure.end(now);
    return resumed;
  }

  readonly #pressureKind = (): PressureKind =>
    this.#partitions.some(({ refusing }) => refusing) ? 'hard' : 'soft';

  #run(deadline: number): Turn {
    let progressed = false;
    for (let turns = 0; turns < STEP_BATCHES_MAX; turns += 1) {
      const turn = this.#turn();
      if (turn === 'finished') return turn;
      if (turn === 'idle' || turn === 'blocked') return progressed ? 'progress' : turn;
      progressed = true;
      if (this.#flow.blocked || this.#environment.clock.monotonic() >= deadline) break;
    }
    return 'progress';
  }

  #turn(): Turn {
    const chain = this.#chain;
    const input = this.#input;
    assert(chain !== undefined && input !== undefined, 'a task is stepped after open');
    switch (this.#phase) {
      case 'running':
        return this.#runningTurn(chain, input);
      case 'ending':
        this.#activity = 'at the end of its input';
        if (!chain.end()) return 'blocked';
        this.#phase = 'finishing';
        this.#startFinish(chain);
        return 'progress';
      case 'finishing':
        if (this.#finish !== 'done') return 'idle';
        if (this.#environment.checkpointing?.afterTasksFinish !== true) return this.#sendEnd(chain);
        this.#activity = 'sending the end of its output';
        chain.broadcast({ kind: 'end-of-data' });
        this.#phase = 'awaiting';
        this.#environment.checkpointing.endOfData();
        return 'progress';
      case 'awaiting':
        if (this.#checkpoints?.pending === true) return this.#takeBarrier(this.#checkpoints);
        return this.#releasedAt === undefined ? input.stepBarriers() : this.#sendEnd(chain);
      case 'draining':
        return this.#drain();
      case 'finished':
        return 'finished';
    }
  }

  #runningTurn(chain: Chain, input: TaskInput): Turn {
    if (this.#advance) {
      this.#activity = 'handling a watermark';
      if (!chain.advance()) return 'blocked';
      this.#advance = false;
    }
    const now = this.#environment.clock.now();
    this.#wallTime.now = now;
    const timer = chain.nextProcessingTimer();
    if (timer !== undefined) {
      this.#activity = 'firing processing-time timers';
      if (timer <= now && !chain.advanceProcessingTime(now)) return 'blocked';
      if (this.#flow.blocked) return 'progress';
    }
    if (this.#checkpoints?.pending === true && input.betweenBatches) {
      const turn = this.#takeBarrier(this.#checkpoints);
      if (turn !== 'idle') return turn;
    }
    this.#activity = 'processing records';
    this.#trace.node = 0;
    const result = input.step();
    if (result === 'ended') this.#phase = 'ending';
    else if (chain.generatesWatermarks && !this.#advance)
      this.#advance = !this.#flow.blocked ? !chain.advance() : true;
    return result === 'ended' ? 'progress' : result;
  }

  #release(): void {
    if (this.#releasedAt !== undefined) return;
    const { clock } = this.#environment;
    this.#releasedAt = clock.monotonic();
    this.#releaseTimer = clock.setTimeout(() => this.#environment.wake(), RELEASED_DRAIN_MS);
  }

  /**
   * Whether the task has nothing to do but to hand on barriers and the end of its output to tasks that do not take them. All before
   * them was taken, as the checkpoint that released it says: those tasks may have finished before it heard of that.
   */
  #isLeftAlone(now: number): boolean {
    if (this.#releasedAt === undefined || now - this.#releasedAt < RELEASED_DRAIN_MS) return false;
    return this.#phase === 'awaiting' || this.#phase === 'draining';
  }

  /** Moves the next barrier on. `idle`: a source has to be drained before it. */
  #takeBarrier(checkpoints: TaskCheckpoints): Turn {
    if (this.#phase === 'running' && this.#source?.draining === true) return 'idle';
    this.#activity = 'taking a checkpoint';
    const barrier = checkpoints.take();
    if (barrier === undefined) return 'progress';
    const stops = (barrier.flags & BARRIER_STOP) !== 0;
    if (stops) this.#phase = 'awaiting';
    if (this.#phase === 'awaiting')
      this.#finalCheckpoint = Math.min(this.#finalCheckpoint, barrier.checkpointId);
    return 'progress';
  }

  #sendEnd(chain: Chain): Turn {
    this.#activity = 'sending the end of its output';
    chain.broadcast({ kind: 'end' });
    this.#phase = 'draining';
    return 'progress';
  }

  #startFinish(chain: Chain): void {
    this.#finish = 'waiting';
    this.#flow.waitFor(
      chain.finish().then(() => {
        this.#finish = 'done';
      }),
      undefined,
    );
  }

  #drain(): Turn {
    let drained = true;
    for (const partition of this.#partitions) {
      partition.resume();
      partition.flush();
      if (!partition.drained) drained = false;
    }
    if (!drained) {
      this.#flow.block();
      return 'blocked';
    }
    // A snapshot that nobody waits for is still part of a checkpoint.
    if (this.#checkpoints?.underway === true) return 'idle';
    this.#phase = 'finished';
    return 'finished';
  }

  /** Open batches go out when the input is drained, after the buffer timeout, or at once where that is 0. */
  #flushIfDue(turn: Turn, now: number): void {
    const { bufferTimeoutMs } = this.#environment.settings;
    const due =
      turn === 'idle' ||
      bufferTimeoutMs === 0 ||
      (bufferTimeoutMs > 0 && now - this.#flushedAt >= bufferTimeoutMs);
    this.#activity = 'sending its output';
    if (due) {
      this.#flushedAt = now;
      for (const partition of this.#partitions) partition.flush();
    } else for (const partition of this.#partitions) partition.publish();
  }

  #updateBytes(): void {
    this.counters.numBytesIn = this.#input?.bytesIn ?? 0;
    let bytes = 0;
    let mistyped = 0;
    for (const partition of this.#partitions) {
      bytes += partition.bytesOut;
      mistyped += partition.mistyped;
    }
    this.counters.numBytesOut = bytes;
    this.counters.numRecordsOutMistyped = mistyped;
  }

  /** Wakes this task when time alone makes work: timers, idleness, periodic watermarks. */
  #scheduleWake(): void {
    if (this.#phase !== 'running') return;
    const { clock, settings } = this.#environment;
    const now = clock.monotonic();
    let at = this.#input?.nextDeadline() ?? Number.POSITIVE_INFINITY;
    const timer = this.#chain?.nextProcessingTimer();
    if (timer !== undefined) at = Math.min(at, now + Math.max(0, timer - clock.now()));
    if (this.#chain?.generatesWatermarks === true && settings.autoWatermarkIntervalMs > 0)
      at = Math.min(at, now + settings.autoWatermarkIntervalMs);
    if (at === Number.POSITIVE_INFINITY || (this.#timer !== undefined && this.#timer.at <= at)) return;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer.handle);
    const handle = clock.setTimeout(() => {
      this.#timer = undefined;
      this.#environment.wake();
    }, at - now);
    this.#timer = { handle, at };
  }

  #taskError(cause: unknown): TaskError {
    if (cause instanceof TaskError) return cause;
    const { node, index, values } = this.#trace;
    return new TaskError(
      {
        operatorName: this.#plan.nodes[node]?.name ?? this.descriptor.vertexName,
        subtaskIndex: this.descriptor.subtaskIndex,
        parallelism: this.descriptor.parallelism,
        phase: this.#activity,
        ...(values === undefined ? {} : { record: { value: values[index] } }),
      },
      cause,
    );
  }
}
