import type { TaskManagerInfo } from '../protocol/task-manager-info.ts';
import type { NodeMemory } from '../ports/node-view.ts';
import type { MemoryMetrics, Resource, TaskManagerPage } from './node-schemas.ts';

const MEGABYTE = 1024 ** 2;

/** Flink's TM. */
export function taskManagerJson(info: TaskManagerInfo): TaskManagerPage {
  const { taskManagerId, host, hardware, lastHeartbeat, slots } = info;
  const memory = hardware?.memory;
  const free = slots.filter(({ state }) => state === 'free').length;
  return {
    id: taskManagerId,
    path: `nats://${host}/tm/${taskManagerId}`,
    dataPort: 0,
    jmxPort: -1,
    timeSinceLastHeartbeat: Math.round(lastHeartbeat),
    slotsNumber: slots.length,
    freeSlots: free,
    totalResource: resource(info, slots.length),
    freeResource: resource(info, free),
    hardware: {
      cpuCores: hardware?.cores ?? 0,
      physicalMemory: hardware?.physicalMemory ?? 0,
      freeMemory: memory === undefined ? 0 : memory.frameworkHeap + memory.taskHeap,
      managedMemory: memory?.managed ?? 0,
    },
    memoryConfiguration: {
      frameworkHeap: memory?.frameworkHeap ?? null,
      taskHeap: memory?.taskHeap ?? null,
      frameworkOffHeap: memory?.frameworkOffHeap ?? null,
      taskOffHeap: memory?.taskOffHeap ?? null,
      networkMemory: memory?.network ?? null,
      managedMemory: memory?.managed ?? null,
      jvmMetaspace: memory?.metaspace ?? null,
      jvmOverhead: memory?.overhead ?? null,
      totalFlinkMemory: memory?.flink ?? null,
      totalProcessMemory: memory?.process ?? null,
    },
  };
}

/** What so many of its slots have. */
export function resource({ hardware, slots }: TaskManagerInfo, of: number): Resource {
  const share = slots.length === 0 ? 0 : of / slots.length;
  const memory = hardware?.memory;
  const megabytes = (bytes = 0): number => Math.floor((bytes * share) / MEGABYTE);
  return {
    cpuCores: of,
    taskHeapMemory: megabytes(memory?.taskHeap),
    taskOffHeapMemory: megabytes(memory?.taskOffHeap),
    managedMemory: megabytes(memory?.managed),
    networkMemory: megabytes(memory?.network),
    extendedResources: {},
  };
}

/**
 * Flink's TmMetrics; zeros where the TaskManager did not answer or report.
 * @param measured its metrics, by name
 */
export function memoryMetrics(
  memory: NodeMemory | undefined,
  measured: ReadonlyMap<string, number | string>,
): MemoryMetrics {
  const shuffle = (name: string): number => Number(measured.get(`Status.Shuffle.Netty.${name}`) ?? 0);
  return {
    heapUsed: memory?.heapUsed ?? 0,
    heapCommitted: memory?.heapCommitted ?? 0,
    heapMax: memory?.heapMax ?? 0,
    nonHeapUsed: memory === undefined ? 0 : Math.max(0, memory.resident - memory.heapCommitted),
    nonHeapCommitted: memory === undefined ? 0 : Math.max(0, memory.resident - memory.heapCommitted),
    nonHeapMax: -1,
    directCount: 0,
    directUsed: memory?.external ?? 0,
    directMax: memory?.external ?? 0,
    mappedCount: 0,
    mappedUsed: 0,
    mappedMax: 0,
    memorySegmentsAvailable: shuffle('AvailableMemorySegments'),
    memorySegmentsTotal: shuffle('TotalMemorySegments'),
    nettyShuffleMemorySegmentsAvailable: shuffle('AvailableMemorySegments'),
    nettyShuffleMemorySegmentsUsed: shuffle('UsedMemorySegments'),
    nettyShuffleMemorySegmentsTotal: shuffle('TotalMemorySegments'),
    nettyShuffleMemoryAvailable: shuffle('AvailableMemory'),
    nettyShuffleMemoryUsed: shuffle('UsedMemory'),
    nettyShuffleMemoryTotal: shuffle('TotalMemory'),
    garbageCollectors: (memory?.garbageCollections ?? []).map(({ name, count, timeMs }) => ({
      name,
      count,
      time: Math.round(timeMs),
    })),
  };
}
