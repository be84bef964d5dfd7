import { describe, expect, it } from 'vitest';
import type { OperatorId } from '../../base/ids.ts';
import { ValueStateDescriptor } from '../../functions/state.ts';
import { KeyedProcessFunction } from '../../functions/process.ts';
import type { KeyedProcessContext, OnTimerContext } from '../../functions/process.ts';
import type { Collector } from '../../functions/basic.ts';
import type { RuntimeContext } from '../../functions/context.ts';
import type { ValueState } from '../../functions/state.ts';
import { DisaggregatedStateBackend } from '../../state/index.ts';
import { StateReader } from '../../state/snapshot/state-reader.ts';
import { StateWriter } from '../../state/snapshot/state-writer.ts';
import { HeldStore, turns } from '../../state/snapshot/test-support/held-store.ts';
import { MemoryLocalStore } from '../../storage/memory/local-store.ts';
import { keyedProcessOperator, windowOperator } from '../operators/index.ts';
import type { OperatorFactory } from '../chain/index.ts';
import type { GateEvent, InputGate } from '../exchange/input-gate.ts';
import { newCounters } from './new-counters.ts';
import { ChainHarness } from '../test-support/chain-harness.ts';
import { TumblingEventTimeWindows } from '../window/index.ts';
import { GateInput } from './gate-input.ts';
import { fetchRemote } from './remote-keys.ts';

const RANGE = { start: 0, end: 127 };

/** Counts the records of each key, and says its count again at the end of each hundred ms. */
class Counting extends KeyedProcessFunction<number, number, string> {
  #count!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.#count = context.getState(new ValueStateDescriptor<number>('count'));
  }

  override processElement(key: number, context: KeyedProcessContext<number>, out: Collector<string>): void {
    const count = (this.#count.value() ?? 0) + 1;
    this.#count.update(count);
    context.timerService().registerEventTimeTimer(100);
    out.collect(`${key}=${count}`);
  }

  override onTimer(_at: number, context: OnTimerContext<number>, out: Collector<string>): void {
    out.collect(`${context.getCurrentKey()} had ${this.#count.value()}`);
  }
}

const counting = (): OperatorFactory => keyedProcessOperator((key: number) => key, new Counting());

const windows = (): OperatorFactory =>
  windowOperator({
    keySelector: (key: number) => key,
    assigner: TumblingEventTimeWindows.of(100),
    mode: {
      processFn: (
        key: number,
        context: { globalState(): { getState(d: ValueStateDescriptor<number>): ValueState<number> } },
        _: Iterable<number>,
        out: Collector<string>,
      ) => {
        const fired = context.globalState().getState(new ValueStateDescriptor<number>('fired'));
        fired.update((fired.value() ?? 0) + 1);
        out.collect(`${key} fired ${fired.value()}`);
      },
    },
  });

function newBackend(): DisaggregatedStateBackend {
  return new DisaggregatedStateBackend({
    keyGroups: RANGE,
    maxParallelism: 128,
    clock: { now: () => 0, monotonic: () => 0, setTimeout: () => ({ timer: undefined }) },
    store: new MemoryLocalStore(),
    operator: 0,
    workingSetBytes: 1,
    loadBytes: 1,
  });
}

interface Running {
  readonly harness: ChainHarness;
  readonly input: GateInput;
  readonly events: GateEvent[];
  readonly held: HeldStore;
  readonly backend: DisaggregatedStateBackend;
}

/** A chain of one operator with its input, whose state is in files that are held back from now on. */
async function running(factory: OperatorFactory, held = new HeldStore()): Promise<Running> {
  const backend = newBackend();
  held.holds = false;
  const readers: StateReader[] = [];
  for (const { path } of await held.files.list('')) readers.push(await StateReader.open(held.store, path));
  await backend.restore(readers);
  held.holds = true;
  const restored = new Map([['op-0' as OperatorId, { operatorState: [], keyed: backend }]]);
  const harness = new ChainHarness([factory], { restored });
  await fetchRemote(harness.chain, harness.flow);
  await harness.chain.open();
  const events: GateEvent[] = [];
  const gate = { next: () => events.shift(), drained: false } as unknown as InputGate;
  const { chain, flow, trace } = harness;
  const listener = { advance: () => {}, barrier: () => {} };
  const input = new GateInput({ gate, chain, flow, trace, counters: newCounters(), listener });
  input.open();
  return { harness, input, events, held, backend };
}

/** State of an operator that got these records, as a file. */
async function after(
  factory: OperatorFactory,
  keys: readonly number[],
  watermark?: number,
): Promise<HeldStore> {
  const { harness, backend, held } = await running(factory);
  for (const key of keys) harness.push(key, 10);
  if (watermark !== undefined) harness.watermark(watermark);
  const run = backend.beginSnapshot(
    (states) => new StateWriter(held.files.create('base'), states, RANGE, 128),
    'base',
  );
  while (!run.step(() => false)) await run.drained();
  await run.finish();
  return held;
}

function step({ harness, input }: Running): void {
  while (harness.flow.resume(true) && input.step() === 'progress');
}

const batch = (values: number[]): GateEvent => ({
  kind: 'records',
  input: 0,
  batch: { kind: 'records', values, timestamps: values.map(() => 20) },
});

describe('records and timers whose rows are not here', () => {
  it('when a record waits for its rows, then those before it are processed, and all are, once and in order', async () => {
    const task = await running(counting(), await after(counting(), [1, 2]));
    task.events.push(batch([5, 6, 1, 7, 2, 1]));
    step(task);
    expect([task.harness.values, task.harness.flow.blocked, task.input.betweenBatches]).toEqual([
      ['5=1', '6=1'],
      true,
      false,
    ]);
    // Both groups of the batch were asked for at once.
    expect(task.held.waiting.length).toBe(2);
    await task.held.letThrough();
    step(task);
    expect(task.harness.values).toEqual(['5=1', '6=1', '1=2', '7=1', '2=2', '1=3']);
    expect(task.input.betweenBatches).toBe(true);
  });

  it('when records of a checkpoint were on their way, then they wait too', async () => {
    const task = await running(counting(), await after(counting(), [1]));
    task.input.restore([5, 1, 6].map((value) => ({ edgeId: 'e', input: 0, value, timestamp: 20 })));
    step(task);
    expect(task.harness.values).toEqual(['5=1']);
    await task.held.letThrough();
    step(task);
    expect(task.harness.values).toEqual(['5=1', '1=2', '6=1']);
  });

  it('when a timer is due, then it waits for the rows of its key, and no other timer is lost', async () => {
    const { harness, held } = await running(counting(), await after(counting(), [1, 2, 3]));
    harness.chain.setWatermark(100);
    expect([harness.chain.advance(), harness.flow.blocked]).toEqual([false, true]);
    expect(harness.values).toEqual([]);
    for (let turn = 0; turn < 3; turn += 1) {
      await held.letThrough();
      harness.flow.resume(true);
      if (harness.chain.advance()) break;
    }
    expect(new Set(harness.values)).toEqual(new Set(['1 had 1', '2 had 1', '3 had 1']));
    expect(harness.values.length).toBe(3);
  });

  it('when windows fire whose function may use state of their keys, then they wait until all is here', async () => {
    const { harness, held } = await running(windows(), await after(windows(), [1, 2], 99));
    harness.push(1, 110);
    harness.chain.setWatermark(150);
    expect(harness.chain.advance()).toBe(true);
    harness.chain.setWatermark(199);
    expect([harness.chain.advance(), harness.flow.blocked]).toEqual([false, true]);
    await held.letThrough();
    await turns();
    harness.flow.resume(true);
    expect(harness.chain.advance()).toBe(true);
    expect(harness.values).toEqual(['1 fired 2']);
  });

  it('when the file is gone, then the task fails with the name of the file and the index of the operator', async () => {
    const task = await running(counting(), await after(counting(), [1]));
    await task.held.files.delete(['base']);
    task.events.push(batch([1]));
    step(task);
    await task.held.letThrough();
    const { failure } = task.harness.flow;
    expect(failure?.node).toBe(0);
    expect(String(failure?.error)).toMatch(/KeyGroupLoadError: .* snapshot file base is not in/);
  });

  it('when an operator cannot wait for single keys, then all is brought before it is opened', async () => {
    const held = await after(counting(), [1, 2]);
    const factory = counting().forBatch?.() as OperatorFactory;
    const opening = running(factory, held);
    await turns();
    while (held.waiting.length > 0) await held.letThrough();
    expect((await opening).backend.remote.any).toBe(false);
  });
});
