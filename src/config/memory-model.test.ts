import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Configuration } from './configuration.ts';
import { memoryParts, slotHeapBytes, taskManagerMemory } from './memory-model.ts';
import type { TaskManagerMemory } from './memory-model.ts';

const MB = 1024 ** 2;
const GB = 1024 ** 3;

const of = (entries: Record<string, string>, available = 8 * GB): TaskManagerMemory =>
  taskManagerMemory(
    Configuration.of(Object.entries(entries).map(([key, value]) => [`taskmanager.memory.${key}`, value])),
    available,
  );
const inMegabytes = (memory: TaskManagerMemory): Record<string, number> =>
  Object.fromEntries(Object.entries(memory).map(([part, bytes]) => [part, Math.round(bytes / MB)]));

function adds(memory: TaskManagerMemory): void {
  const { process, flink, ...parts } = memory;
  expect(Object.values(parts).reduce((a, b) => a + b, 0)).toBe(process);
  expect(flink).toBe(process - memory.metaspace - memory.overhead);
}

describe('the memory of a TaskManager', () => {
  it('when only the process is known, then the parts are those of Flink, with all managed memory on the heap', () => {
    const memory = of({ 'process.size': '1728 mb' });
    expect(inMegabytes(memory)).toEqual({
      process: 1_728,
      flink: 1_280,
      frameworkHeap: 128,
      frameworkOffHeap: 128,
      taskHeap: 896,
      taskOffHeap: 0,
      network: 128,
      managed: 0,
      metaspace: 256,
      overhead: 192,
    });
    adds(memory);
  });

  it('when state is on disk or the fraction is given, then a share is managed memory', () => {
    const configuration = Configuration.of([['state.backend.type', 'rocksdb']]);
    const memory = taskManagerMemory(configuration, 1_728 * MB);
    expect(memory.managed).toBe(Math.floor(0.4 * memory.flink));
    expect(of({ 'managed.fraction': '0.4' }, 1_728 * MB).managed).toBe(memory.managed);
  });

  it('when task heap and managed memory are given, then all others follow, and the process is their sum', () => {
    const memory = of({
      'framework.heap.size': '128m',
      'framework.off-heap.size': '128m',
      'task.heap.size': '3072m',
      'task.off-heap.size': '2048m',
      'network.fraction': '0.1',
      'managed.size': '2048m',
    });
    expect(inMegabytes(memory)).toMatchObject({ flink: 8_249, network: 825, overhead: 945, process: 9_450 });
    adds(memory);
  });

  it('when Flink memory is given, then overhead comes on top', () => {
    const memory = of({ 'flink.size': '1280 mb' });
    expect(inMegabytes(memory)).toMatchObject({ taskHeap: 896, process: 1_728, overhead: 192 });
    adds(memory);
  });

  it.each([
    [
      { 'process.size': '1 gb', 'task.heap.size': '1 gb', 'managed.size': '0' },
      /is not the sum of its parts.*task heap 1,024 MB/,
    ],
    [{ 'flink.size': '1 gb', 'process.size': '8 gb' }, /leave 6,912 MB for overhead.*192 MB and 1,024 MB/],
    [
      { 'flink.size': '1 gb', 'task.heap.size': '1 gb', 'managed.size': '0' },
      /leave -256 MB for the network/,
    ],
    [{ 'process.size': '600 mb' }, /too little for the task heap/],
    [{ 'process.size': '400 mb' }, /nothing is left beside metaspace/],
    [{ 'flink.size': '1 gb', 'task.heap.size': '900 mb' }, /needs 900 MB/],
  ])('when sizes do not add up then the parts are named: %j', (entries, message) => {
    expect(() => of(entries as unknown as Record<string, string>)).toThrow(message);
  });

  it('when nothing is set, then it fits every machine, and always adds up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 1_000_000 }), (megabytes) => {
        const memory = of({}, megabytes * MB);
        adds(memory);
        for (const [, bytes] of memoryParts(memory)) expect(bytes).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('when there are slots, then they share the heap of tasks, and half of the runtime', () => {
    expect(slotHeapBytes(of({ 'process.size': '1728 mb' }), 4)).toBe(240 * MB);
  });
});
