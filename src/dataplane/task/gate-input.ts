import { BATCH_RECORDS } from '../../base/limits.ts';
import type { InFlightRecord } from '../checkpoint/index.ts';
import type { Chain, Emit, Flow, Trace } from '../chain/index.ts';
import type { ChannelQueue, CheckpointBarrier, RecordBatch } from '../exchange/channel.ts';
import type { ChannelTraffic, GateEvent, InputGate } from '../exchange/input-gate.ts';
import { RemoteKeys } from './remote-keys.ts';
import type { TaskCounters } from './task.ts';
import type { InputListener, TaskInput } from './task-input.ts';

export interface GateInputOptions {
  readonly gate: InputGate;
  readonly chain: Chain;
  readonly flow: Flow;
  readonly trace: Trace;
  readonly counters: TaskCounters;
  readonly listener: InputListener;
}

/** Feeds a chain from channels. */
export class GateInput implements TaskInput {
  readonly #options: GateInputOptions;
  /** Of an unaligned checkpoint: handed in before anything from the channels. */
  #restored: readonly InFlightRecord[] = [];
  /** What is in work: the batch with the index of its next record, or an input whose end is not done yet. */
  #batch: RecordBatch | undefined;
  #entry: Emit = () => {};
  #next = 0;
  #ending: number | undefined;
  #input = 0;
  /** Undefined while all rows of the head are here. */
  #remote: RemoteKeys | undefined;

  constructor(options: GateInputOptions) {
    this.#options = options;
  }

  open(): void {
    this.#remote = RemoteKeys.ofHead(this.#options.chain);
  }

  /** Records that a checkpoint found on their way to this task. */
  restore(records: readonly InFlightRecord[]): void {
    this.#restored = records;
  }

  step(): 'progress' | 'idle' | 'ended' {
    if (this.#restored.length > 0) return this.#runRestored(this.#restored);
    if (this.#batch !== undefined) return this.#run(this.#batch);
    if (this.#ending !== undefined) return this.#end(this.#ending);
    const { gate } = this.#options;
    const event = gate.next();
    if (event === undefined) return gate.drained ? 'ended' : 'idle';
    return this.#accept(event);
  }

  stepBarriers(): 'progress' | 'idle' {
    const event = this.#options.gate.next();
    if (event === undefined) return 'idle';
    if (event.kind === 'barrier') this.#options.listener.barrier(event.barrier);
    return 'progress';
  }

  recordsReceived(): readonly (readonly [string, number])[] {
    return this.#options.gate.recordsAtBarrier();
  }

  trigger(barrier: CheckpointBarrier): void {
    this.#options.gate.announce(barrier);
  }

  takeUnaligned(checkpointId: number): void {
    this.#options.gate.takeUnaligned(checkpointId);
  }

  drain(): void {
    this.#options.gate.drain();
  }

  cancelAlignment(checkpointId: number): void {
    this.#options.gate.cancelAlignment(checkpointId);
  }

  get betweenBatches(): boolean {
    return this.#batch === undefined && this.#ending === undefined && this.#restored.length === 0;
  }

  nextDeadline(): undefined {
    return undefined;
  }

  get bytesIn(): number {
    return this.#options.gate.bytesIn;
  }

  /** What came through each channel so far. */
  traffic(): ChannelTraffic[] {
    return this.#options.gate.traffic();
  }

  /** What waits in each channel. */
  waiting(): ChannelQueue[] {
    return this.#options.gate.waiting();
  }

  close(): void {
    this.#options.gate.close();
  }

  #accept(event: GateEvent): 'progress' {
    const { chain, counters, listener } = this.#options;
    switch (event.kind) {
      case 'records':
        this.#batch = event.batch;
        this.#next = 0;
        this.#input = event.input;
        this.#entry = chain.inputs[event.input] as Emit;
        counters.numRecordsIn += event.batch.values.length;
        return this.#run(event.batch);
      case 'watermark':
        counters.currentInputWatermark = event.timestamp;
        chain.setWatermark(event.timestamp);
        listener.advance();
        return 'progress';
      case 'idle':
        chain.setIdle(event.idle);
        listener.advance();
        return 'progress';
      case 'end-of-input':
        return this.#end(event.input);
      case 'barrier':
        listener.barrier(event.barrier);
        return 'progress';
    }
  }

  #runRestored(records: readonly InFlightRecord[]): 'progress' {
    const { chain, flow, trace } = this.#options;
    const values = records.map(({ value }) => value);
    trace.values = values;
    let done = 0;
    while (done < records.length && done < BATCH_RECORDS && !flow.blocked) {
      const { input, value, timestamp } = records[done] as InFlightRecord;
      trace.index = done;
      if (this.#remote !== undefined && !this.#remote.has(input, value)) break;
      (chain.inputs[input] as Emit)(value, timestamp);
      done += 1;
    }
    trace.values = undefined;
    this.#restored = records.slice(done);
    return 'progress';
  }

  #run(batch: RecordBatch): 'progress' {
    const { flow, trace } = this.#options;
    const { values, timestamps } = batch;
    const entry = this.#entry;
    const length = values.length;
    trace.values = values;
    if (this.#remote !== undefined && !this.#remote.any) this.#remote = undefined;
    const remote = this.#remote;
    for (let index = this.#next; index < length; index += 1) {
      trace.index = index;
      if (remote !== undefined && !remote.has(this.#input, values[index])) {
        remote.announce(this.#input, values, index + 1);
        this.#next = index;
        trace.values = undefined;
        return 'progress';
      }
      entry(values[index], timestamps[index] as number);
      if (flow.blocked && index + 1 < length) {
        this.#next = index + 1;
        trace.values = undefined;
        return 'progress';
      }
    }
    trace.values = undefined;
    this.#batch = undefined;
    return 'progress';
  }

  #end(input: number): 'progress' {
    this.#ending = this.#options.chain.endHeadInput(input) ? undefined : input;
    return 'progress';
  }
}
