import { describe, expect, it } from 'vitest';
import type { ChannelElement, CheckpointBarrier, InputChannel } from './channel.ts';
import { InputGate } from './input-gate.ts';
import type { GateEvent, InputGateOptions } from './input-gate.ts';

/** Each record comes in ten bytes, all else in one. */
class FakeChannel implements InputChannel {
  readonly queue: ChannelElement[];
  bytesIn = 0;

  constructor(...elements: ChannelElement[]) {
    this.queue = elements;
  }

  poll(): ChannelElement | undefined {
    const element = this.queue.shift();
    if (element !== undefined) this.bytesIn += element.kind === 'records' ? 10 * element.values.length : 1;
    return element;
  }

  close(): void {}
}

const records = (...values: unknown[]): ChannelElement => ({
  kind: 'records',
  values,
  timestamps: values.map(() => 0),
});
const watermark = (timestamp: number): ChannelElement => ({ kind: 'watermark', timestamp });
const idle = (is: boolean): ChannelElement => ({ kind: 'watermark-status', idle: is });
const END: ChannelElement = { kind: 'end' };

const barrier = (checkpointId: number): CheckpointBarrier => ({
  kind: 'barrier',
  checkpointId,
  timestamp: 0,
  flags: 0,
  location: '',
});
const aligned = (checkpointId: number, processedBytes = 0): unknown => ({
  kind: 'barrier',
  barrier: { ...barrier(checkpointId), alignmentMs: 0, processedBytes, inFlight: [] },
});

interface TestGate {
  readonly gate: InputGate;
  readonly channels: FakeChannel[];
  readonly all: () => unknown[];
}

const gateOf = (...inputs: number[]): TestGate => gateWith({}, ...inputs);

function gateWith(options: InputGateOptions, ...inputs: number[]): TestGate {
  const channels = inputs.map(() => new FakeChannel());
  const gate = new InputGate(
    channels.map((channel, index) => ({ channel, input: inputs[index] as number })),
    options,
  );
  const show = (event: GateEvent): unknown =>
    event.kind === 'records' ? [event.input, ...event.batch.values] : event;
  return {
    gate,
    channels,
    all: () => {
      const events: unknown[] = [];
      for (let event = gate.next(); event !== undefined; event = gate.next()) events.push(show(event));
      return events;
    },
  };
}

describe('InputGate', () => {
  it('when several channels have records, then they take turns', () => {
    const { channels, all } = gateOf(0, 0, 1);
    channels[0]?.queue.push(records('a1'), records('a2'), records('a3'));
    channels[2]?.queue.push(records('c1'), records('c2'));
    expect(all()).toEqual([
      [0, 'a1'],
      [1, 'c1'],
      [0, 'a2'],
      [1, 'c2'],
      [0, 'a3'],
    ]);
  });

  it('when watermarks come, then the minimum over all channels goes on, and only when it rises', () => {
    const { channels, all } = gateOf(0, 1);
    channels[0]?.queue.push(watermark(10), watermark(20));
    expect(all()).toEqual([]);
    channels[1]?.queue.push(watermark(15), watermark(12), watermark(30));
    expect(all()).toEqual([
      { kind: 'watermark', timestamp: 15 },
      { kind: 'watermark', timestamp: 20 },
    ]);
  });

  it('when a channel is idle, then it holds nothing back; when it wakes behind, then it counts again once it caught up', () => {
    const { channels, all } = gateOf(0, 0);
    channels[0]?.queue.push(watermark(10));
    channels[1]?.queue.push(idle(true));
    expect(all()).toEqual([{ kind: 'watermark', timestamp: 10 }]);
    channels[1]?.queue.push(idle(false), watermark(5));
    channels[0]?.queue.push(watermark(20));
    expect(all()).toEqual([{ kind: 'watermark', timestamp: 20 }]);
    channels[1]?.queue.push(watermark(25));
    expect(all()).toEqual([]);
    channels[0]?.queue.push(watermark(40));
    expect(all()).toEqual([{ kind: 'watermark', timestamp: 25 }]);
  });

  it('when all channels are idle, then the gate is idle, until one is active', () => {
    const { channels, all } = gateOf(0, 0);
    channels.forEach(({ queue }) => queue.push(idle(true)));
    expect(all()).toEqual([{ kind: 'idle', idle: true }]);
    channels[0]?.queue.push(idle(false), watermark(1));
    expect(all()).toEqual([
      { kind: 'idle', idle: false },
      { kind: 'watermark', timestamp: 1 },
    ]);
  });

  it('when channels end, then each input ends once with its last channel, and an ended channel holds nothing back', () => {
    const { gate, channels, all } = gateOf(0, 0, 1);
    channels[0]?.queue.push(END);
    channels[1]?.queue.push(watermark(7));
    channels[2]?.queue.push(watermark(9));
    expect(all()).toEqual([{ kind: 'watermark', timestamp: 7 }]);
    channels[1]?.queue.push(END);
    expect(all()).toEqual([{ kind: 'end-of-input', input: 0 }]);
    expect(gate.drained).toBe(false);
    channels[2]?.queue.push(END);
    expect(all()).toEqual([{ kind: 'end-of-input', input: 1 }]);
    expect(gate.drained).toBe(true);
  });

  it('when a barrier has come on a channel, then the channel waits until all others have theirs', () => {
    const { channels, all } = gateOf(0, 0);
    const [a, b] = channels;
    a?.queue.push(records(1), barrier(1), records(2));
    b?.queue.push(records(3));
    expect(all()).toEqual([
      [0, 1],
      [0, 3],
    ]);
    b?.queue.push(records(4), barrier(1), records(5));
    expect(all()).toEqual([[0, 4], aligned(1, 10), [0, 2], [0, 5]]);
  });

  it('when channels do not block, then records go on behind their barriers', () => {
    const { channels, all } = gateWith({ blocksAtBarriers: false }, 0, 0);
    channels[0]?.queue.push(barrier(1), records(2));
    expect(all()).toEqual([[0, 2]]);
    channels[1]?.queue.push(barrier(1));
    expect(all()).toEqual([aligned(1, 10)]);
  });

  it('when a channel ends while others wait for its barrier, then the barrier is complete, after the end', () => {
    const { channels, all } = gateOf(0, 1);
    channels[0]?.queue.push(barrier(1));
    channels[1]?.queue.push(END);
    expect(all()).toEqual([{ kind: 'end-of-input', input: 1 }, aligned(1)]);
  });

  it('when a checkpoint is given up or overtaken by a later one, then its barriers hold nothing back', () => {
    const { gate, channels, all } = gateOf(0, 0);
    const [a, b] = channels;
    a?.queue.push(barrier(1), records(2));
    expect(all()).toEqual([]);
    gate.cancelAlignment(1);
    expect(all()).toEqual([[0, 2]]);
    b?.queue.push(barrier(1), records(3), barrier(2), records(4));
    expect(all()).toEqual([[0, 3]]);
    a?.queue.push(barrier(3), records(5));
    expect(all()).toEqual([[0, 4]]);
    b?.queue.push(barrier(3));
    expect(all()).toEqual([aligned(3, 10), [0, 5]]);
  });

  it('when records of other channels are processed between first and last barrier, then their bytes are told', () => {
    const { channels, all } = gateOf(0, 0);
    const [a, b] = channels;
    a?.queue.push(records(1), barrier(1), records(2));
    expect(all()).toEqual([[0, 1]]);
    b?.queue.push(records(3, 4), barrier(1), records(5));
    expect(all()).toEqual([[0, 3, 4], aligned(1, 20), [0, 2], [0, 5]]);
  });

  it('when a checkpoint is unaligned, then what it took up was not processed, and what went by before was', () => {
    const { gate, channels, all } = gateOf(0, 0);
    const [a, b] = channels;
    a?.queue.push(barrier(1));
    b?.queue.push(records(1));
    expect(all()).toEqual([[0, 1]]);
    gate.takeUnaligned(1);
    b?.queue.push(records(2, 3));
    gate.drain();
    // Taken out, and processed all the same before the barrier comes.
    expect(all()).toEqual([[0, 2, 3]]);
    b?.queue.push(records(4, 5, 6), barrier(1));
    gate.drain();
    const [event, ...rest] = all();
    expect(event).toMatchObject({
      barrier: { processedBytes: 30, inFlight: [{ batch: { values: [4, 5, 6] } }] },
    });
    expect(rest).toEqual([[0, 4, 5, 6]]);
  });

  it('when a checkpoint completes while a newer one is to be taken unaligned, then the newer one still is', () => {
    const { gate, channels, all } = gateOf(0, 0);
    const [a, b] = channels;
    a?.queue.push(barrier(1), records(1), barrier(2));
    b?.queue.push(barrier(1), records(2), records(3), barrier(2));
    gate.takeUnaligned(2);
    gate.drain();
    expect(gate.next()).toEqual(aligned(1));
    gate.drain();
    expect(gate.next()).toMatchObject({
      barrier: { checkpointId: 2, inFlight: [[1], [2], [3]].map((values) => ({ batch: { values } })) },
    });
    expect(all()).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
    ]);
  });

  it('when a channel ends ahead of its turn, then what others have held back is in the checkpoint that this completes', () => {
    const { gate, channels, all } = gateOf(0, 0);
    const [a, b] = channels;
    gate.takeUnaligned(1);
    a?.queue.push(records(1), records(2), barrier(1));
    b?.queue.push(records(3), END);
    gate.drain();
    const [event, ...rest] = all();
    expect(event).toMatchObject({
      barrier: { inFlight: [[1], [2], [3]].map((values) => ({ batch: { values } })) },
    });
    expect(rest).toEqual([
      [0, 1],
      [0, 3],
      [0, 2],
    ]);
  });

  it('when a checkpoint begins that no channel brings, then it waits for the records of those that end', () => {
    const { gate, channels, all } = gateOf(0, 0);
    const [a, b] = channels;
    a?.queue.push(records(1), END);
    gate.announce(barrier(1));
    expect(all()).toEqual([[0, 1]]);
    b?.queue.push(records(2), END);
    expect(all()).toEqual([[0, 2], { kind: 'end-of-input', input: 0 }, aligned(1, 20)]);
    gate.announce(barrier(1));
    gate.announce(barrier(2));
    expect(all()).toEqual([aligned(2)]);
  });

  it('when a checkpoint begins that no channel brings, then it does not wait for ends that may never come', () => {
    const { gate, channels, all } = gateOf(0, 1);
    channels[0]?.queue.push(END);
    gate.announce(barrier(1));
    channels[1]?.queue.push(records(2), { kind: 'end-of-data' });
    const ends = [0, 1].map((input) => ({ kind: 'end-of-input', input }));
    expect(all()).toEqual([ends[0], [1, 2], ends[1], aligned(1, 10)]);
  });

  it('when data has ended on all channels, then barriers still come until the channels end', () => {
    const { gate, channels, all } = gateOf(0, 0);
    for (const channel of channels) channel.queue.push({ kind: 'end-of-data' });
    expect(all()).toEqual([{ kind: 'end-of-input', input: 0 }]);
    expect(gate.drained).toBe(true);
    for (const channel of channels) channel.queue.push(barrier(1), END);
    expect(all()).toEqual([aligned(1)]);
  });
});
