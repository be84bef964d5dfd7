import { z } from 'zod';
import * as s from '../protocol/schema.ts';
import { moment } from './job-schemas.ts';

/** Flink's shapes of the cluster's processes. */

export const environment = z.object({
  jvm: z.object({ version: z.string(), arch: z.string(), options: z.array(z.string()) }),
  classpath: z.array(z.string()),
});

export const keyValues = z.array(z.object({ key: z.string(), value: z.string() }));

const megabytes = z.int().describe('MB');
export const resource = z
  .object({
    cpuCores: z.number(),
    taskHeapMemory: megabytes,
    taskOffHeapMemory: megabytes,
    managedMemory: megabytes,
    networkMemory: megabytes,
    extendedResources: z.record(z.string(), z.number()),
  })
  .meta({ id: 'ResourceProfile' });
export type Resource = z.infer<typeof resource>;

const bytes = z.number().nullable();
export const taskManager = z
  .object({
    id: s.taskManagerId,
    path: z.string(),
    dataPort: z.int(),
    jmxPort: z.int(),
    timeSinceLastHeartbeat: moment,
    slotsNumber: z.int(),
    freeSlots: z.int(),
    totalResource: resource,
    freeResource: resource,
    hardware: z.object({
      cpuCores: z.int(),
      physicalMemory: z.number(),
      freeMemory: z.number(),
      managedMemory: z.number(),
    }),
    memoryConfiguration: z.object({
      frameworkHeap: bytes,
      taskHeap: bytes,
      frameworkOffHeap: bytes,
      taskOffHeap: bytes,
      networkMemory: bytes,
      managedMemory: bytes,
      jvmMetaspace: bytes,
      jvmOverhead: bytes,
      totalFlinkMemory: bytes,
      totalProcessMemory: bytes,
    }),
  })
  .meta({ id: 'TaskManager' });
export type TaskManagerPage = z.infer<typeof taskManager>;

export const memoryMetrics = z
  .object({
    heapUsed: z.number(),
    heapCommitted: z.number(),
    heapMax: z.number(),
    nonHeapUsed: z.number(),
    nonHeapCommitted: z.number(),
    nonHeapMax: z.number(),
    directCount: z.int(),
    directUsed: z.number(),
    directMax: z.number(),
    mappedCount: z.int(),
    mappedUsed: z.number(),
    mappedMax: z.number(),
    memorySegmentsAvailable: z.int(),
    memorySegmentsTotal: z.int(),
    nettyShuffleMemorySegmentsAvailable: z.int(),
    nettyShuffleMemorySegmentsUsed: z.int(),
    nettyShuffleMemorySegmentsTotal: z.int(),
    nettyShuffleMemoryAvailable: z.number(),
    nettyShuffleMemoryUsed: z.number(),
    nettyShuffleMemoryTotal: z.number(),
    garbageCollectors: z.array(z.object({ name: z.string(), count: z.int(), time: z.int() })),
  })
  .meta({ id: 'TaskManagerMetrics' });
export type MemoryMetrics = z.infer<typeof memoryMetrics>;

export const taskManagerDetail = taskManager.extend({
  allocatedSlots: z.array(z.object({ jobId: s.jobId, resource })),
  metrics: memoryMetrics,
});

export const logFiles = z.object({
  logs: z.array(z.object({ name: z.string(), size: z.int(), mtime: z.number() })),
});

export const threadDump = z.object({
  threadInfos: z.array(z.object({ threadName: z.string(), stringifiedThreadInfo: z.string() })),
});

export const profile = z
  .object({
    status: z.enum(['RUNNING', 'FINISHED', 'FAILED']),
    mode: z.string(),
    triggerTime: moment,
    finishedTime: moment.nullable(),
    duration: z.number().describe('Seconds.'),
    message: z.string(),
    outputFile: z.string().nullable(),
  })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof profile>;
