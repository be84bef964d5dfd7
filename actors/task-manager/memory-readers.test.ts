import { describe, expect, it } from 'vitest';
import { TASK_MANAGER_METRICS } from '../../src/metrics/system/task-manager-metrics.ts';
import { SystemMetrics } from '../../src/metrics/system/system-metrics.ts';
import { memoryReaders } from './memory-readers.ts';
import { sumOfMemory } from './slot/slot-memory.ts';
import type { SlotMemory } from './slot/slot-memory.ts';

const MEMORY = { managed: 1_000, network: 1_050, segment: 100 };

function values(slots: readonly SlotMemory[], memory = MEMORY): Record<string, unknown> {
  const metrics = new SystemMetrics(
    TASK_MANAGER_METRICS,
    memoryReaders(memory, () => sumOfMemory(slots)),
  );
  return Object.fromEntries(metrics.collect(0).map(({ name, value }) => [name, value]));
}

describe('memory of a TaskManager', () => {
  it('when tasks of several slots take memory, then used and available are told of their sum, in bytes and segments', () => {
    const slots = [
      { managed: 300, network: 120 },
      { managed: 200, network: 90 },
    ];
    expect(values(slots)).toEqual({
      'Status.Flink.Memory.Managed.Total': 1_000,
      'Status.Flink.Memory.Managed.Used': 500,
      'Status.Shuffle.Netty.TotalMemory': 1_050,
      'Status.Shuffle.Netty.UsedMemory': 210,
      'Status.Shuffle.Netty.AvailableMemory': 840,
      'Status.Shuffle.Netty.TotalMemorySegments': 10,
      'Status.Shuffle.Netty.UsedMemorySegments': 3,
      'Status.Shuffle.Netty.AvailableMemorySegments': 7,
      'Status.Shuffle.Netty.RequestedMemoryUsage': 20,
      'Status.Network.TotalMemorySegments': 10,
      'Status.Network.AvailableMemorySegments': 7,
    });
  });

  it('when channels at their least size take more than there is, then nothing is available and the usage is above 100', () => {
    expect(values([{ managed: 2_000, network: 2_100 }])).toMatchObject({
      'Status.Flink.Memory.Managed.Used': 2_000,
      'Status.Shuffle.Netty.AvailableMemory': 0,
      'Status.Shuffle.Netty.AvailableMemorySegments': 0,
      'Status.Shuffle.Netty.RequestedMemoryUsage': 200,
    });
  });

  it('when there is no network memory, then its usage is 0', () => {
    expect(values([], { ...MEMORY, network: 0 })).toMatchObject({
      'Status.Shuffle.Netty.RequestedMemoryUsage': 0,
      'Status.Shuffle.Netty.TotalMemorySegments': 0,
    });
  });
});
