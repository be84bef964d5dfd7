import { describe, expect, it } from 'vitest';
import { BATCH_RECORDS } from '../../base/limits.ts';
import { UserError } from '../../base/errors.ts';
import type { PartitionerSpec } from '../../graph/chain-plan.ts';
import { keyGroupFor, keyGroupRange } from '../../state/index.ts';
import { Flow, Trace } from '../chain/index.ts';
import { newCounters } from '../task/new-counters.ts';
import type { InputChannel } from './channel.ts';
import { ChannelWriter } from './channel-writer.ts';
import { ResultPartition } from './result-partition.ts';
import { createSlotChannel } from './slot-channel.ts';

function newPartition(spec: PartitionerSpec, consumers: number, bound = 1_000, subtaskIndex = 0) {
  const flow = new Flow(() => {});
  const counters = newCounters();
  const channels = Array.from({ length: consumers }, () =>
    createSlotChannel({ bound, wakeConsumer: () => {}, wakeProducer: () => {} }),
  );
  const partition = new ResultPartition(spec, {
    writers: channels.map(({ output }) => new ChannelWriter(output, flow, counters)),
    subtaskIndex,
    maxParallelism: 128,
    objectReuse: false,
    trace: new Trace(),
    node: 0,
  });
  const received = (): unknown[][] => {
    partition.flush();
    return channels.map(({ input }) => drain(input));
  };
  return { partition, flow, counters, channels, received };
}

function drain(input: InputChannel): unknown[] {
  const values: unknown[] = [];
  for (let element = input.poll(); element !== undefined; element = input.poll()) {
    if (element.kind === 'records') values.push(...element.values);
    else values.push(element);
  }
  return values;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('partitioners', () => {
  it('when records are hashed, then each goes to the subtask that owns its key group', () => {
    const { partition, received } = newPartition({ kind: 'hash', keySelector: (v) => `key-${String(v)}` }, 3);
    numbers(300).forEach((n) => partition.emit(n, 0));
    received().forEach((values, subtask) => {
      const { start, end } = keyGroupRange(subtask, 128, 3);
      expect(values.length).toBeGreaterThan(50);
      for (const value of values) {
        const group = keyGroupFor(`key-${String(value)}`, 128);
        expect(group >= start && group <= end).toBe(true);
      }
    });
  });

  it('when records are rebalanced, then consumers take turns, each producer beginning at another', () => {
    const { partition, received } = newPartition({ kind: 'rebalance' }, 3, 1_000, 1);
    numbers(6).forEach((n) => partition.emit(n, 0));
    expect(received()).toEqual([
      [2, 5],
      [0, 3],
      [1, 4],
    ]);
  });

  it('when records are shuffled, then consumers get about the same, and a second run is equal', () => {
    const runs = [0, 0].map(() => {
      const { partition, received } = newPartition({ kind: 'shuffle' }, 4);
      numbers(4_000).forEach((n) => partition.emit(n, 0));
      return received();
    });
    expect(runs[0]).toEqual(runs[1]);
    for (const values of runs[0] ?? []) expect(Math.abs(values.length - 1_000)).toBeLessThan(120);
  });

  it('when records are broadcast, then every consumer gets its own copy', () => {
    const { partition, received } = newPartition({ kind: 'broadcast' }, 2);
    partition.emit({ n: 1 }, 0);
    const [[first], [second]] = received() as [unknown[], unknown[]];
    expect([first, second]).toEqual([{ n: 1 }, { n: 1 }]);
    expect(first).not.toBe(second);
  });

  it('when the kind is global, then the first consumer gets all', () => {
    const { partition, received } = newPartition({ kind: 'global' }, 3);
    numbers(3).forEach((n) => partition.emit(n, 0));
    expect(received()).toEqual([[0, 1, 2], [], []]);
  });

  it.each([[2], [-1], [0.5], [Number.NaN], ['x']])(
    'when a custom partitioner returns %s of 2, then it is refused',
    (index) => {
      const spec: PartitionerSpec = {
        kind: 'custom',
        keySelector: (v) => v as number,
        partitioner: () => index as number,
      };
      const { partition } = newPartition(spec, 2);
      expect(() => partition.emit(1, 0)).toThrow(UserError);
      expect(() => partition.emit(1, 0)).toThrow('an integer from 0 to 1');
    },
  );
});

describe('ResultPartition', () => {
  it('when records are few, then they wait for the flush; when a batch is full, then it goes', () => {
    const { partition, channels, counters } = newPartition({ kind: 'forward' }, 1);
    numbers(BATCH_RECORDS - 1).forEach((n) => partition.emit(n, 0));
    expect(channels[0]?.input.poll()).toBeUndefined();
    partition.emit(BATCH_RECORDS, 0);
    expect([counters.numRecordsOut, drain(channels[0]?.input as InputChannel).length]).toEqual([
      BATCH_RECORDS,
      BATCH_RECORDS,
    ]);
  });

  it('when an event is sent, then it comes after the records before it, on every channel', () => {
    const { partition, received } = newPartition({ kind: 'rebalance' }, 2);
    partition.emit('a', 0);
    partition.event({ kind: 'watermark', timestamp: 5 });
    partition.event({ kind: 'end' });
    const tail = [{ kind: 'watermark', timestamp: 5 }, { kind: 'end' }];
    expect(received()).toEqual([['a', ...tail], tail]);
  });

  it('when a channel is full, then the flow is blocked and nothing is lost or doubled; later watermarks replace earlier ones', () => {
    const { partition, flow, channels } = newPartition({ kind: 'forward' }, 1, 2);
    const input = channels[0]?.input as InputChannel;
    for (let batch = 0; batch < 4; batch += 1)
      numbers(BATCH_RECORDS).forEach((n) => partition.emit(batch * BATCH_RECORDS + n, 0));
    expect([flow.blocked, partition.resume(), partition.drained]).toEqual([true, false, false]);
    partition.event({ kind: 'watermark', timestamp: 1 });
    partition.event({ kind: 'watermark', timestamp: 2 });
    const got: unknown[] = [];
    while (!partition.drained || !partition.resume()) {
      got.push(...drain(input));
      partition.resume();
    }
    got.push(...drain(input));
    expect(got).toEqual([...numbers(BATCH_RECORDS * 4), { kind: 'watermark', timestamp: 2 }]);
  });
});
