import { memoryOption, numberOption } from './option.ts';

const MB = 1024 ** 2;
const GB = 1024 ** 3;

/** Flink's memory model of a TaskManager process. What they come to: `memory-model.ts`. */
export const MEMORY_OPTIONS = {
  processMemory: memoryOption('taskmanager.memory.process.size', {
    defaultValue: undefined,
    description:
      'All memory of a TaskManager process. Unset: the limit of its container, else all of the machine, where neither taskmanager.memory.flink.size nor task.heap.size with managed.size says otherwise.',
  }),
  flinkMemory: memoryOption('taskmanager.memory.flink.size', {
    defaultValue: undefined,
    description: 'Memory of a TaskManager process without metaspace and overhead.',
  }),
  frameworkHeap: memoryOption('taskmanager.memory.framework.heap.size', {
    defaultValue: 128 * MB,
    description: "Heap of the runtime: the process's main thread, and a part of each slot's.",
  }),
  frameworkOffHeap: memoryOption('taskmanager.memory.framework.off-heap.size', {
    defaultValue: 128 * MB,
    description: 'Buffers of the runtime outside the heap: connections, snapshots on their way.',
  }),
  taskHeap: memoryOption('taskmanager.memory.task.heap.size', {
    defaultValue: undefined,
    description:
      "Heap of user code, and of state with state.backend.type hashmap. Slots get equal parts: V8's limit of each slot's thread. Unset: what the others leave.",
  }),
  taskOffHeap: memoryOption('taskmanager.memory.task.off-heap.size', {
    defaultValue: 0,
    description: 'Buffers of user code outside the heap.',
  }),
  managedMemory: memoryOption('taskmanager.memory.managed.size', {
    defaultValue: undefined,
    description:
      'Memory outside the heap for state.backend.type rocksdb. Unset: taskmanager.memory.managed.fraction.',
    aliases: ['taskmanager.memory.size'],
  }),
  managedFraction: numberOption('taskmanager.memory.managed.fraction', {
    defaultValue: 0.4,
    description:
      'Share of taskmanager.memory.flink.size that is managed memory. Unlike Flink: where unset and state.backend.type is hashmap, 0, as that state is on the heap.',
  }),
  metaspace: memoryOption('taskmanager.memory.jvm-metaspace.size', {
    defaultValue: 256 * MB,
    description: 'Compiled code and what else V8 keeps beside the heaps.',
  }),
  overheadFraction: numberOption('taskmanager.memory.jvm-overhead.fraction', {
    defaultValue: 0.1,
    description:
      'Share of taskmanager.memory.process.size for stacks of threads, native libraries, fragmentation.',
  }),
  overheadMin: memoryOption('taskmanager.memory.jvm-overhead.min', {
    defaultValue: 192 * MB,
    description: 'Least that the fraction stands for.',
  }),
  overheadMax: memoryOption('taskmanager.memory.jvm-overhead.max', {
    defaultValue: GB,
    description: 'Most that the fraction stands for.',
  }),
} as const;
