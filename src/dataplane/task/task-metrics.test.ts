import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WatermarkStrategy } from '../../functions/watermark.ts';
import { RichMapFunction } from '../../functions/basic.ts';
import type { Collector } from '../../functions/basic.ts';
import type { RuntimeContext } from '../../functions/context.ts';
import type { Counter, Histogram } from '../../functions/metrics.ts';
import type { MetricSamples } from '../../protocol/metrics.ts';
import type { Epoch, JobId, OperatorId, TaskManagerId, VertexId } from '../../base/ids.ts';
import { MemorySpillFiles } from '../../storage/memory/spill-files.ts';
import { RecordingLogger } from '../../testing/recording-logger.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import type { OperatorFactory } from '../chain/index.ts';
import { createSlotChannel } from '../exchange/index.ts';
import type { InputChannel } from '../exchange/index.ts';
import {
  coOperator,
  filterOperator,
  flatMapOperator,
  mapOperator,
  processOperator,
  sinkOperator,
  sourceOperator,
} from '../operators/index.ts';
import { ProcessFunction } from '../../functions/process.ts';
import type { ProcessContext } from '../../functions/process.ts';
import { SETTINGS } from '../test-support/chain-harness.ts';
import { collectingSink, numbersSource, TestJob } from '../test-support/job-harness.ts';
import { createTask } from './create-task.ts';
import type { Task, TaskDescriptor } from './task.ts';

const SPLITS = [{ splitId: 's', from: 0, to: 1_000 }];
const NUMBERS = sourceOperator(
  numbersSource(SPLITS),
  WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((value) => value),
);

async function runTasks(...vertices: readonly (readonly OperatorFactory[])[]): Promise<readonly Task[]> {
  const job = new TestJob(vertices.map((operators) => ({ operators, parallelism: 1 })));
  await job.run();
  expect(job.errors).toEqual([]);
  return job.tasks;
}

/** Values of the metrics of a group, by name. */
function valuesOf(groups: readonly MetricSamples[], operator?: string): Record<string, unknown> {
  const found = groups.filter(
    ({ variables, path }) => variables['operator_name'] === operator && path.length === 0,
  );
  return Object.fromEntries(found.flatMap(({ samples }) => samples.map(({ name, value }) => [name, value])));
}

const DESCRIPTOR: TaskDescriptor = {
  jobId: 'job' as JobId,
  jobName: 'test',
  vertexId: 'v' as VertexId,
  vertexName: 'vertex',
  subtaskIndex: 0,
  parallelism: 1,
  maxParallelism: 128,
  attempt: 0,
  epoch: 1 as Epoch,
  inputs: [],
  outputs: [],
};
const END = { vertexId: DESCRIPTOR.vertexId, subtaskIndex: 0, taskManagerId: 'tm' as TaskManagerId, slot: 0 };
const CHANNEL = { producer: END, consumer: END, carrier: 'slot' as const };

class EvenOnly extends ProcessFunction<number, number> {
  readonly #called: () => void;

  constructor(called: () => void) {
    super();
    this.#called = called;
  }

  processElement(value: number, _context: ProcessContext, out: Collector<number>): void {
    this.#called();
    if (value % 2 === 0) out.collect(value);
  }
}

describe('metrics of a task', () => {
  it('when records went through a chain, then task and operators tell how many, under their names and variables', async () => {
    const [task, sinkTask] = await runTasks(
      [
        NUMBERS,
        filterOperator((value: number) => value % 4 === 0),
        mapOperator((value: number) => value + 1),
      ],
      [sinkOperator(collectingSink([]))],
    );
    const groups = task?.collectMetrics(0) ?? [];
    expect(groups.map(({ scope, variables }) => `${scope} ${variables['operator_name'] ?? ''}`)).toEqual([
      'taskmanager_job_task ',
      'taskmanager_job_task_operator map 0.2',
      'taskmanager_job_task_operator filter 0.1',
      'taskmanager_job_task_operator source 0.0',
    ]);
    expect(valuesOf(groups)).toMatchObject({
      numRecordsIn: 1_000,
      numRecordsOut: 250,
      numBytesOut: 0,
      isBackPressured: false,
      currentInputWatermark: 998,
    });
    expect(valuesOf(groups, 'source 0.0')).toMatchObject({ numRecordsOut: 1_000, numRecordsInErrors: 0 });
    expect(valuesOf(groups, 'filter 0.1')).toMatchObject({ numRecordsIn: 1_000, numRecordsOut: 250 });
    expect(valuesOf(groups, 'map 0.2')).toMatchObject({ numRecordsIn: 250, numRecordsOut: 250 });
    const sinkGroups = sinkTask?.collectMetrics(0) ?? [];
    expect(valuesOf(sinkGroups)).toMatchObject({
      numRecordsIn: 250,
      'Shuffle.Netty.Input.numBuffersInLocal': 1,
    });
    expect(valuesOf(sinkGroups, 'sink 1.0')).toMatchObject({ numRecordsIn: 250, numRecordsSend: 250 });
    expect(groups[0]?.variables).toMatchObject({
      job_name: 'test',
      task_name: 'vertex 0',
      subtask_index: '0',
      task_attempt_num: '0',
    });
  });

  it('when operators of any kinds are chained, then each counts what it got and emitted', async () => {
    const step = fc.constantFrom('map', 'filter', 'flatMap', 'process');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (kinds) => {
        const seen = kinds.map(() => 0);
        const count = (index: number): void => {
          seen[index] = (seen[index] ?? 0) + 1;
        };
        const operators = kinds.map((kind, index): OperatorFactory => {
          switch (kind) {
            case 'map':
              return mapOperator((value: number) => (count(index), value));
            case 'filter':
              return filterOperator((value: number) => (count(index), value % 3 !== 0));
            case 'flatMap':
              return flatMapOperator((value: number) => (count(index), [value, value + 1]));
            case 'process':
              return processOperator(new EvenOnly(() => count(index)));
          }
        });
        const into: [unknown, number][] = [];
        const [task] = await runTasks([NUMBERS, ...operators, sinkOperator(collectingSink(into))]);
        const groups = task?.collectMetrics(0) ?? [];
        const expected = [...seen, into.length];
        for (const [index, kind] of kinds.entries()) {
          const values = valuesOf(groups, `${kind} 0.${index + 1}`);
          expect([values['numRecordsIn'], values['numRecordsOut']]).toEqual([
            seen[index],
            expected[index + 1],
          ]);
        }
        expect(valuesOf(groups, `sink 0.${kinds.length + 1}`)['numRecordsSend']).toBe(into.length);
      }),
      { numRuns: 25 },
    );
  });

  it('when a rich function registers metrics, then they are collected in the scope of its operator', async () => {
    class Measured extends RichMapFunction<number, number> {
      #processed: Counter | undefined;
      #sizes: Histogram | undefined;

      override open(context: RuntimeContext): void {
        expect(this.getRuntimeContext()).toBe(context);
        const metrics = context.getMetricGroup();
        this.#processed = metrics.counter('processed_count');
        this.#sizes = metrics.addGroup('kind', 'even').histogram('sizes');
      }

      map(value: number): number {
        this.#processed?.inc();
        if (value % 2 === 0) this.#sizes?.update(value);
        return value;
      }
    }
    const [task] = await runTasks([NUMBERS, mapOperator(new Measured()), sinkOperator(collectingSink([]))]);
    const groups = task?.collectMetrics(0) ?? [];
    const own = groups.filter(({ samples }) => samples.some(({ name }) => name === 'processed_count'));
    expect(own).toMatchObject([
      { variables: { operator_name: 'map 0.1' }, samples: [{ type: 'counter', value: 1_000 }] },
    ]);
    const sizes = groups.filter(({ path }) => path.length > 0);
    expect(sizes).toMatchObject([
      {
        path: [['kind', 'even']],
        variables: { kind: 'even' },
        samples: [{ value: { count: 500, max: 998 } }],
      },
    ]);
  });

  it('when an operator has two inputs, then it tells the event time of each, and the least of both', async () => {
    const fn = {};
    const both = coOperator({ kind: 'both', fn, calls: [() => {}, () => {}], keys: [undefined, undefined] });
    const channels = [0, 1].map((input) => ({
      descriptor: { ...CHANNEL, channelId: `c${input}`, edgeId: `e${input}`, targetInput: input },
      ...createSlotChannel({ wakeConsumer: () => {}, wakeProducer: () => {} }),
    }));
    const task = createTask(
      { ...DESCRIPTOR, inputs: channels.map(({ descriptor }) => descriptor) },
      {
        vertexId: DESCRIPTOR.vertexId,
        inputs: new Map(),
        nodes: [{ operatorId: 'o' as OperatorId, name: 'both', factory: both, outputs: [] }],
      },
      {
        clock: new SimulatedClock(),
        logger: new RecordingLogger(),
        spillFiles: new MemorySpillFiles(),
        settings: SETTINGS,
        wake: () => {},
        openInput: ({ channelId }) =>
          channels.find(({ descriptor }) => descriptor.channelId === channelId)?.input as InputChannel,
        openOutput: () => expect.fail('the task has no outputs'),
        requestSplit: () => {},
        reportWatermark: () => Promise.resolve(undefined),
        sendResults: () => Promise.resolve(),
      },
    );
    await task.open();
    for (const [input, timestamp] of [700, 300].entries())
      channels[input]?.output.offer({ kind: 'watermark', timestamp });
    for (let steps = 0; steps < 5; steps += 1) task.step(1);
    expect(valuesOf(task.collectMetrics(0), 'both')).toMatchObject({
      currentInput1Watermark: 700,
      currentInput2Watermark: 300,
      currentInputWatermark: 300,
      currentOutputWatermark: 300,
    });
    await task.close(true);
  });
});
