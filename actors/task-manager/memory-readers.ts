import type { TASK_MANAGER_METRICS } from '../../src/metrics/system/task-manager-metrics.ts';
import type { MetricReaders } from '../../src/metrics/system/system-metrics.ts';
import type { SlotMemory } from './slot/slot-memory.ts';

/** Memory of a TaskManager that its tasks share; bytes. */
export interface SharedMemory {
  readonly managed: number;
  readonly network: number;
  /** `taskmanager.memory.segment-size` */
  readonly segment: number;
}

/** Managed and network memory, as metrics show them. @param used by the tasks of all slots, now */
export function memoryReaders(
  { managed, network, segment }: SharedMemory,
  used: () => SlotMemory,
): MetricReaders<typeof TASK_MANAGER_METRICS> {
  const totalSegments = Math.floor(network / segment);
  const usedSegments = (): number => Math.ceil(used().network / segment);
  const availableSegments = (): number => Math.max(0, totalSegments - usedSegments());
  return {
    'Status.Flink.Memory.Managed.Total': () => managed,
    'Status.Flink.Memory.Managed.Used': () => used().managed,
    'Status.Shuffle.Netty.TotalMemory': () => network,
    'Status.Shuffle.Netty.UsedMemory': () => used().network,
    'Status.Shuffle.Netty.AvailableMemory': () => Math.max(0, network - used().network),
    'Status.Shuffle.Netty.TotalMemorySegments': () => totalSegments,
    'Status.Shuffle.Netty.UsedMemorySegments': usedSegments,
    'Status.Shuffle.Netty.AvailableMemorySegments': availableSegments,
    'Status.Shuffle.Netty.RequestedMemoryUsage': () =>
      network === 0 ? 0 : Math.round((100 * used().network) / network),
    'Status.Network.TotalMemorySegments': () => totalSegments,
    'Status.Network.AvailableMemorySegments': availableSegments,
  };
}
