import { z } from 'zod';
import * as s from './schema.ts';

/** Looking into a process of the cluster, on `mr.<cluster>.tm.<tmId>.node`: nothing here changes anything. */

export const listLogs = z.strictObject({ type: z.literal('listLogs') });
export const logList = z.object({
  type: z.literal('logList'),
  logs: z.array(z.object({ name: z.string(), size: s.count, mtime: s.instant })),
});

/** A part of a log file, `from` a byte. */
export const readLog = z.strictObject({
  type: z.literal('readLog'),
  name: z.string().max(255),
  from: s.count,
});
export const logPart = z.object({
  type: z.literal('logPart'),
  /** Missing where there is no file of this name. */
  base64: z.string().optional(),
  end: z.boolean(),
});

export const requestThreads = z.strictObject({ type: z.literal('requestThreads') });
export const threadList = z.object({
  type: z.literal('threadList'),
  threads: z.array(z.object({ name: z.string(), stack: z.string() })),
});

export const requestNodeEnvironment = z.strictObject({ type: z.literal('requestNodeEnvironment') });
export const nodeEnvironment = z.object({
  type: z.literal('nodeEnvironment'),
  version: z.string(),
  arch: z.string(),
  options: z.array(z.string()),
  modules: z.array(z.string()),
  memory: z.object({
    heapUsed: z.number(),
    heapCommitted: z.number(),
    heapMax: z.number(),
    external: z.number(),
    resident: z.number(),
    garbageCollections: z.array(z.object({ name: z.string(), count: z.number(), timeMs: z.number() })),
  }),
});

export const nodeRequest = z.discriminatedUnion('type', [
  listLogs,
  readLog,
  requestThreads,
  requestNodeEnvironment,
]);
export type NodeRequest = z.infer<typeof nodeRequest>;

export const nodeReply = z.discriminatedUnion('type', [
  logList,
  logPart,
  threadList,
  nodeEnvironment,
  s.refused,
]);
export type NodeReply = z.infer<typeof nodeReply>;
