import type { Epoch, JobId, OperatorId, TaskManagerId, VertexId } from '../../base/ids.ts';
import { RING_BYTES } from '../../base/limits.ts';
import type { Sink, SinkWriter } from '../../functions/sink.ts';
import type {
  Source,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
} from '../../functions/source.ts';
import type { ChainPlan, PartitionerSpec } from '../../graph/chain-plan.ts';
import type { Transport } from '../../ports/transport.ts';
import { RecordingLogger } from '../../testing/recording-logger.ts';
import { MemorySpillFiles } from '../../storage/memory/spill-files.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import type { OperatorFactory } from '../chain/index.ts';
import {
  createRing,
  createSlotChannel,
  MsgpackBatchCodec,
  networkInputChannel,
  networkOutputChannel,
  ringInputChannel,
  ringOutputChannel,
} from '../exchange/index.ts';
import type { Carrier, ChannelDescriptor, InputChannel, OutputChannel } from '../exchange/index.ts';
import { SimulatedLoopDriver, SlotLoop } from '../loop/index.ts';
import { createTask } from '../task/index.ts';
import type { Task, TaskEnvironment, TaskSettings } from '../task/index.ts';
import { SETTINGS } from './chain-harness.ts';

/** One vertex of a test job; `partitioner` leads to the next one. */
export interface TestVertex {
  readonly operators: readonly OperatorFactory[];
  readonly parallelism: number;
  readonly partitioner?: PartitionerSpec;
}

export interface TestJobOptions {
  readonly carrier?: Carrier;
  readonly settings?: Partial<TaskSettings>;
  /** For the network carrier. */
  readonly transport?: Transport;
  readonly clock?: SimulatedClock;
  readonly slotBound?: number;
  readonly ringBytes?: number;
  /** The job-manager's side of watermark alignment; where missing, nobody else is in a source's group. */
  readonly reportWatermark?: (
    vertexId: string,
    subtaskIndex: number,
    watermark: number | undefined,
    intervalMs: number,
  ) => Promise<number | undefined>;
}

/** Runs a pipeline of vertices in one simulated slot per vertex, with channels of the chosen carrier between them. */
export class TestJob {
  readonly clock: SimulatedClock;
  readonly tasks: Task[] = [];
  readonly errors: unknown[] = [];
  readonly log: string[] = [];
  readonly splitRequests: number[] = [];
  finished = 0;
  readonly #loops: SlotLoop[];
  readonly #options: TestJobOptions;
  readonly #slots = new Map<string, { output: OutputChannel; input: InputChannel }>();
  readonly #rings = new Map<string, SharedArrayBuffer>();

  constructor(vertices: readonly TestVertex[], options: TestJobOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new SimulatedClock({ startAt: 0 });
    this.#loops = vertices.map(() => new SlotLoop(new SimulatedLoopDriver(this.clock)));
    for (const [index, vertex] of vertices.entries()) {
      for (let subtask = 0; subtask < vertex.parallelism; subtask += 1)
        this.#addTask(vertices, index, subtask);
    }
  }

  /** Starts all tasks. */
  start(): void {
    for (const task of this.tasks) {
      const vertex = Number(task.descriptor.vertexId.slice(1));
      this.#loops[vertex]?.add(task, {
        onRunning: () => this.log.push(`${task.descriptor.vertexName} running`),
        onFinished: () => {
          this.finished += 1;
          this.log.push(`${task.descriptor.vertexName} finished`);
        },
        onFailed: (error) => this.errors.push(error),
      });
    }
  }

  /** Starts all tasks and runs until they have finished or one failed. */
  async run(): Promise<void> {
    this.start();
    await this.clock.runUntil(() => this.finished === this.tasks.length || this.errors.length > 0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  #addTask(vertices: readonly TestVertex[], index: number, subtask: number): void {
    const vertex = vertices[index] as TestVertex;
    const task = createTask(
      {
        jobId: 'job' as JobId,
        jobName: 'test',
        vertexId: `v${index}` as VertexId,
        vertexName: `vertex ${index}`,
        subtaskIndex: subtask,
        parallelism: vertex.parallelism,
        maxParallelism: 128,
        attempt: 0,
        epoch: 1 as Epoch,
        inputs:
          index === 0
            ? []
            : this.#channels(vertices, index - 1).filter((c) => c.consumer.subtaskIndex === subtask),
        outputs: this.#channels(vertices, index).filter((c) => c.producer.subtaskIndex === subtask),
      },
      planOf(vertex, index, index + 1 < vertices.length),
      this.#environment(index, subtask),
    );
    this.tasks.push(task);
  }

  #channels(vertices: readonly TestVertex[], edge: number): ChannelDescriptor[] {
    const [producer, consumer] = [vertices[edge], vertices[edge + 1]];
    if (producer === undefined || consumer === undefined) return [];
    const end = (vertex: number, subtaskIndex: number) => ({
      vertexId: `v${vertex}` as VertexId,
      subtaskIndex,
      taskManagerId: 'tm' as TaskManagerId,
      slot: vertex,
    });
    const channels: ChannelDescriptor[] = [];
    for (let p = 0; p < producer.parallelism; p += 1) {
      for (let c = 0; c < consumer.parallelism; c += 1) {
        channels.push({
          channelId: `e${edge}-${p}-${c}`,
          edgeId: `e${edge}`,
          targetInput: 0,
          producer: end(edge, p),
          consumer: end(edge + 1, c),
          carrier: this.#options.carrier ?? 'slot',
        });
      }
    }
    return channels;
  }

  #environment(vertex: number, subtask: number): TaskEnvironment {
    return {
      clock: this.clock,
      logger: new RecordingLogger(),
      spillFiles: new MemorySpillFiles(),
      settings: { ...SETTINGS, ...this.#options.settings },
      wake: () => this.#loops[vertex]?.wake(),
      openInput: (channel) => this.#openInput(channel),
      openOutput: (channel) => this.#openOutput(channel),
      requestSplit: () => this.splitRequests.push(subtask),
      reportWatermark: (watermark, intervalMs) =>
        this.#options.reportWatermark?.(`v${vertex}`, subtask, watermark, intervalMs) ??
        Promise.resolve(undefined),
      sendResults: () => Promise.resolve(),
    };
  }

  #slot(channel: ChannelDescriptor): { output: OutputChannel; input: InputChannel } {
    let pair = this.#slots.get(channel.channelId);
    if (pair === undefined) {
      pair = createSlotChannel({
        ...(this.#options.slotBound === undefined ? {} : { bound: this.#options.slotBound }),
        wakeConsumer: () => this.#loops[channel.consumer.slot]?.wake(),
        wakeProducer: () => this.#loops[channel.producer.slot]?.wake(),
      });
      this.#slots.set(channel.channelId, pair);
    }
    return pair;
  }

  #ring(channel: ChannelDescriptor): SharedArrayBuffer {
    let ring = this.#rings.get(channel.channelId);
    if (ring === undefined) {
      ring = createRing(this.#options.ringBytes ?? RING_BYTES);
      this.#rings.set(channel.channelId, ring);
    }
    return ring;
  }

  #network(channel: ChannelDescriptor, slot: number) {
    const { transport } = this.#options;
    if (transport === undefined) throw new Error('the network carrier needs a transport');
    const { channelId } = channel;
    const wake = (): void => this.#loops[slot]?.wake();
    const codec = new MsgpackBatchCodec();
    return {
      channelId,
      transport,
      subject: `data.${channelId}`,
      epoch: 1,
      attempt: 0,
      clock: this.clock,
      codec,
      wake,
    };
  }

  #openInput(channel: ChannelDescriptor): InputChannel {
    switch (channel.carrier) {
      case 'slot':
        return this.#slot(channel).input;
      case 'process':
        return ringInputChannel({
          channelId: channel.channelId,
          ring: this.#ring(channel),
          codec: new MsgpackBatchCodec(),
          ringProducer: () => this.#loops[channel.producer.slot]?.wake(),
        });
      case 'network':
        return networkInputChannel(this.#network(channel, channel.consumer.slot));
    }
  }

  #openOutput(channel: ChannelDescriptor): OutputChannel {
    switch (channel.carrier) {
      case 'slot':
        return this.#slot(channel).output;
      case 'process':
        return ringOutputChannel({
          channelId: channel.channelId,
          ring: this.#ring(channel),
          codec: new MsgpackBatchCodec(),
          epoch: 1,
          attempt: 0,
          ringConsumer: () => this.#loops[channel.consumer.slot]?.wake(),
        });
      case 'network':
        return networkOutputChannel(this.#network(channel, channel.producer.slot));
    }
  }
}

function planOf(vertex: TestVertex, index: number, hasNext: boolean): ChainPlan<OperatorFactory> {
  const last = vertex.operators.length - 1;
  return {
    vertexId: `v${index}` as VertexId,
    inputs: new Map(),
    nodes: vertex.operators.map((factory, at) => ({
      operatorId: `v${index}-${at}` as OperatorId,
      name: `${factory.kind} ${index}.${at}`,
      factory,
      outputs:
        at < last
          ? [{ to: 'operator', index: at + 1 }]
          : hasNext
            ? [
                {
                  to: 'edge',
                  edgeId: `e${index}`,
                  partitioner: vertex.partitioner ?? { kind: 'forward' },
                  records: { operator: `v${index}`, genericTypes: true },
                },
              ]
            : [],
    })),
  };
}

export interface NumberSplit extends SourceSplit {
  readonly from: number;
  readonly to: number;
}

/** Numbers of given ranges; each subtask reads the splits that fall to it. `poll` may be replaced to misbehave. */
export function numbersSource(
  splits: readonly NumberSplit[],
  more: Partial<SourceReader<number, NumberSplit>> = {},
): Source<number, NumberSplit> {
  return {
    boundedness: 'bounded',
    createEnumerator: () => {
      throw new Error('not used: tasks get splits from the test');
    },
    createReader: (context) => Object.assign(new NumbersReader(context, splits), more),
  };
}

class NumbersReader implements SourceReader<number, NumberSplit> {
  readonly #left: { readonly splitId: string; next: number; readonly to: number }[];

  constructor(context: SourceReaderContext, splits: readonly NumberSplit[]) {
    this.#left = splits
      .filter((_split, index) => index % context.parallelism === context.subtaskIndex)
      .map(({ splitId, from, to }) => ({ splitId, next: from, to }));
  }

  start(): void {}

  addSplits(splits: readonly NumberSplit[]): void {
    for (const { splitId, from, to } of splits) this.#left.push({ splitId, next: from, to });
  }

  notifyNoMoreSplits(): void {}

  poll(maxRecords: number): SourceBatch<number> | 'waiting' | 'end' {
    const [split] = this.#left;
    if (split === undefined) return 'end';
    const values: number[] = [];
    while (split.next < split.to && values.length < maxRecords) values.push(split.next++);
    if (split.next >= split.to) this.#left.shift();
    return { splitId: split.splitId, values };
  }

  available(): Promise<void> {
    return Promise.resolve();
  }

  snapshotState(): readonly NumberSplit[] {
    return this.#left.map(({ splitId, next, to }) => ({ splitId, from: next, to }));
  }

  close(): void {}
}

/** Keeps what it gets, as [value, timestamp]; `more` replaces methods of its writers. */
export function collectingSink(
  into: [unknown, number][],
  more: Partial<SinkWriter<unknown>> = {},
): Sink<unknown> {
  return {
    createWriter: () => ({
      write: (value, timestamp) => void into.push([value, timestamp]),
      flush: () => {},
      close: () => {},
      ...more,
    }),
  };
}
