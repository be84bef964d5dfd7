import { availableParallelism, totalmem } from 'node:os';
import { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import { slotHeapBytes, taskManagerMemory } from '../../../src/config/memory-model.ts';
import type { TaskManagerHardware } from '../../../src/protocol/task-manager-info.ts';
import type { TaskManagerResources } from '../../task-manager/slot/task-manager-resources.ts';

/** Memory that this process may use: the limit of its container, else all of the machine. */
export function processMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Least that a slot's thread gets, however many there are: V8 needs some to start. */
const LEAST_SLOT_HEAP_BYTES = 64 * 1024 ** 2;

/** V8's limit of the heap of one slot's thread; MB. */
export function slotHeapMegabytes({ configuration, memory }: TaskManagerResources): number {
  const slots = Configuration.of(Object.entries(configuration)).get(OPTIONS.slotsPerTaskManager);
  return Math.floor(Math.max(LEAST_SLOT_HEAP_BYTES, slotHeapBytes(memory, slots)) / 1024 ** 2);
}

/**
 * What a TaskManager with this configuration has in this process.
 * @param sharedBy how many TaskManagers the process hosts
 * @throws ConfigurationError where sizes do not add up
 */
export function resourcesOf(configuration: Configuration, sharedBy = 1): TaskManagerResources {
  const memory = taskManagerMemory(configuration, processMemoryBytes() / sharedBy);
  return { configuration: configuration.toRecord(), memory };
}

/** What a TaskManager tells of itself when it registers. */
export function hardwareOf({ memory }: TaskManagerResources): TaskManagerHardware {
  const rounded = Object.entries(memory).map(([part, bytes]) => [part, Math.round(bytes)]);
  return {
    cores: availableParallelism(),
    physicalMemory: totalmem(),
    pid: process.pid,
    memory: Object.fromEntries(rounded) as TaskManagerHardware['memory'],
  };
}

/** The breakdown for a log line: each part in MB, and the heap of one slot. */
export function memoryFields(resources: TaskManagerResources): Record<string, number> {
  const parts = Object.entries(resources.memory).map(([part, bytes]) => [
    part,
    Math.round(bytes / 1024 ** 2),
  ]);
  return { ...Object.fromEntries(parts), heapOfSlot: slotHeapMegabytes(resources) } as Record<string, number>;
}
