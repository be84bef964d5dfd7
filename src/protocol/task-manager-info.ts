import { z } from 'zod';
import * as s from './schema.ts';

/** What a TaskManager has: told once, when it registers. Bytes where nothing else is said. */
export const taskManagerHardware = z.object({
  cores: s.count,
  physicalMemory: s.count,
  pid: s.count,
  memory: z.object({
    process: s.count,
    flink: s.count,
    frameworkHeap: s.count,
    frameworkOffHeap: s.count,
    taskHeap: s.count,
    taskOffHeap: s.count,
    network: s.count,
    managed: s.count,
    metaspace: s.count,
    overhead: s.count,
  }),
});
export type TaskManagerHardware = z.infer<typeof taskManagerHardware>;

/** A registered TaskManager, as clients see it. */
export const taskManagerInfo = z.object({
  taskManagerId: s.taskManagerId,
  host: z.string(),
  hardware: taskManagerHardware.optional(),
  /** Wall time of the last heartbeat. */
  lastHeartbeat: s.instant,
  slots: z.array(z.object({ state: z.enum(['free', 'allocated', 'releasing']), jobId: s.jobId.optional() })),
});
export type TaskManagerInfo = z.infer<typeof taskManagerInfo>;
