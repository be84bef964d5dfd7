import { memoryOption, numberOption } from './option.ts';

const MB = 1024 ** 2;
const GB = 1024 ** 3;

/** Flink's memory model of a JobManager process. What they come to: `job-manager-memory.ts`. */
export const JOB_MANAGER_MEMORY_OPTIONS = {
  jobManagerProcessMemory: memoryOption('jobmanager.memory.process.size', {
    defaultValue: undefined,
    description:
      "All memory of a JobManager process. Where no jobmanager.memory size is set, the heap is V8's own limit, and the process what follows from it.",
  }),
  jobManagerFlinkMemory: memoryOption('jobmanager.memory.flink.size', {
    defaultValue: undefined,
    description: 'Memory of a JobManager process without metaspace and overhead: heap and off-heap.',
  }),
  jobManagerHeap: memoryOption('jobmanager.memory.heap.size', {
    defaultValue: undefined,
    description:
      "Heap of the JobManager. `millrace cluster` starts its JobManager with it as V8's limit; `millrace jobmanager` cannot change the limit of the process that it is, says at start where the two differ, and wants NODE_OPTIONS=--max-heap-size=<MB>. Unset: what the others leave.",
    aliases: ['jobmanager.heap.size'],
  }),
  jobManagerOffHeap: memoryOption('jobmanager.memory.off-heap.size', {
    defaultValue: 128 * MB,
    description:
      'Buffers of the JobManager outside the heap: connections, uploads, snapshots on their way. Unset, with flink.size and heap.size set: what the heap leaves.',
  }),
  jobManagerMetaspace: memoryOption('jobmanager.memory.jvm-metaspace.size', {
    defaultValue: 256 * MB,
    description: 'Compiled code and what else V8 keeps beside the heap.',
  }),
  jobManagerOverheadFraction: numberOption('jobmanager.memory.jvm-overhead.fraction', {
    defaultValue: 0.1,
    description:
      'Share of jobmanager.memory.process.size for stacks of threads, native libraries, fragmentation.',
  }),
  jobManagerOverheadMin: memoryOption('jobmanager.memory.jvm-overhead.min', {
    defaultValue: 192 * MB,
    description: 'Least that the fraction stands for.',
  }),
  jobManagerOverheadMax: memoryOption('jobmanager.memory.jvm-overhead.max', {
    defaultValue: GB,
    description: 'Most that the fraction stands for.',
  }),
} as const;
