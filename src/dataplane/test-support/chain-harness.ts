import type { JobId, OperatorId, VertexId } from '../../base/ids.ts';
import type { ChainLink, ChainPlan } from '../../graph/chain-plan.ts';
import type { SpillFiles } from '../../ports/spill-files.ts';
import { MemorySpillFiles } from '../../storage/memory/spill-files.ts';
import { operatorComponent } from '../../metrics/test-support/operator-component.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { HEAP_STATES } from '../../state/index.ts';
import { buildChain, Flow, Trace } from '../chain/index.ts';
import type { Chain, OperatorFactory } from '../chain/index.ts';
import type { RestoredOperator } from '../chain/build-chain.ts';
import type { CheckpointFacts } from '../chain/operator.ts';
import { RecordingLogger } from '../../testing/recording-logger.ts';
import type { ChannelEvent } from '../exchange/channel.ts';
import { newCounters } from '../task/new-counters.ts';
import type { TaskSettings } from '../task/task.ts';

export const SETTINGS: TaskSettings = {
  bufferTimeoutMs: 100,
  autoWatermarkIntervalMs: 200,
  objectReuse: false,
  sortedInputsBytes: 1_000_000,
  latencyTrack: undefined,
};

/** One operator after the other; the last (and side outputs of each) feed edges named `out` and by their side output. */
export function linearPlan(
  factories: readonly OperatorFactory[],
  sideOutputs: readonly string[] = [],
): ChainPlan<OperatorFactory> {
  const forward = { kind: 'forward' } as const;
  const records = { operator: 'v', genericTypes: true };
  return {
    vertexId: 'v' as VertexId,
    inputs: new Map(),
    nodes: factories.map((factory, index) => {
      const next: ChainLink =
        index + 1 < factories.length
          ? { to: 'operator', index: index + 1 }
          : { to: 'edge', edgeId: 'out', partitioner: forward, records };
      const sides = sideOutputs.map((sideOutput): ChainLink => {
        return { to: 'edge', edgeId: sideOutput, partitioner: forward, records, sideOutput };
      });
      const isLastSink = index + 1 === factories.length && factory.kind === 'sink';
      return {
        operatorId: `op-${index}` as OperatorId,
        name: `${factory.kind}-${index}`,
        factory,
        outputs: isLastSink ? sides : [next, ...sides],
      };
    }),
  };
}

export interface HarnessOptions {
  readonly settings?: Partial<TaskSettings>;
  readonly sideOutputs?: readonly string[];
  readonly spillFiles?: SpillFiles;
  readonly checkpoints?: CheckpointFacts;
  /** Operator state of a checkpoint, by operator id `op-<index>`. */
  readonly restored?: ReadonlyMap<OperatorId, RestoredOperator>;
  readonly subtask?: number;
  readonly attempt?: number;
  /** Called for each record that reaches `out`. */
  readonly onOutput?: (harness: ChainHarness) => void;
}

class ClockTime {
  readonly #clock: SimulatedClock;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  get now(): number {
    return this.#clock.now();
  }
}

/** A chain on its own: records in by hand, everything that comes out in arrays. */
export class ChainHarness {
  readonly chain: Chain;
  readonly clock = new SimulatedClock({ startAt: 0 });
  readonly wallTime = new ClockTime(this.clock);
  readonly logger = new RecordingLogger();
  readonly flow = new Flow(() => {});
  readonly trace = new Trace();
  readonly counters = newCounters();
  readonly spillFiles: SpillFiles;
  /** What reached each edge, as [value, timestamp]. */
  readonly outputs = new Map<string, [unknown, number][]>();
  readonly events: ChannelEvent[] = [];

  constructor(factories: readonly OperatorFactory[], options: HarnessOptions = {}) {
    this.spillFiles = options.spillFiles ?? new MemorySpillFiles();
    this.chain = buildChain(linearPlan(factories, options.sideOutputs), {
      taskInfo: {
        jobId: 'job' as JobId,
        jobName: 'test',
        operatorName: '',
        taskName: 'test (1/1)#0',
        indexOfThisSubtask: options.subtask ?? 0,
        numberOfParallelSubtasks: (options.subtask ?? 0) + 1,
        maxNumberOfParallelSubtasks: 128,
        attemptNumber: options.attempt ?? 0,
        leaderEpoch: 1,
      },
      keyedStates: HEAP_STATES,
      clock: this.clock,
      metricsOf: (_id, name) => operatorComponent(name),
      logger: this.logger,
      checkpoints: options.checkpoints ?? { atEndOfInput: false, restored: undefined },
      ...(options.restored === undefined ? {} : { restored: options.restored }),
      wallTime: this.wallTime,
      settings: { ...SETTINGS, ...options.settings },
      spillFiles: this.spillFiles,
      counters: this.counters,
      trace: this.trace,
      flow: this.flow,
      openEdge: (link) => {
        const records = this.outputs.get(link.edgeId) ?? [];
        this.outputs.set(link.edgeId, records);
        return {
          emit: (value, timestamp) => {
            records.push([value, timestamp]);
            if (link.edgeId === 'out') options.onOutput?.(this);
          },
          event: (event) => this.events.push(event),
        };
      },
      sendResults: () => Promise.resolve(),
    });
  }

  static async open(
    factories: readonly OperatorFactory[],
    options: HarnessOptions = {},
  ): Promise<ChainHarness> {
    const harness = new ChainHarness(factories, options);
    await harness.chain.open();
    return harness;
  }

  push(value: unknown, timestamp = 0): void {
    this.chain.inputs[0]?.(value, timestamp);
  }

  /** Advances until nothing stops it, unblocking the flow as a task does. */
  watermark(timestamp: number): void {
    this.chain.setWatermark(timestamp);
    while (!this.chain.advance()) this.flow.resume(true);
    this.flow.resume(true);
  }

  end(): void {
    while (!this.chain.end()) this.flow.resume(true);
  }

  get values(): unknown[] {
    return (this.outputs.get('out') ?? []).map(([value]) => value);
  }

  side(id: string): unknown[] {
    return (this.outputs.get(id) ?? []).map(([value]) => value);
  }
}
