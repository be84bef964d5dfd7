import { z } from 'zod';
import { SAMPLED_MS_MAX } from '../base/limits.ts';
import * as s from './schema.ts';

/** Looking into a process of the cluster, on `mr.<cluster>.tm.<tmId>.node`: nothing here changes what it does. */

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

/** What threads do for a while; answered after that. */
export const sampleThreads = z.strictObject({
  type: z.literal('sampleThreads'),
  threads: z.array(z.string().max(255)).max(10_000).optional(),
  durationMs: z.number().positive().max(SAMPLED_MS_MAX),
  kind: z.enum(['FULL', 'ON_CPU', 'OFF_CPU']),
  depth: s.count,
});
export const threadSamples = z.object({
  type: z.literal('threadSamples'),
  threads: z.array(
    z.object({
      name: z.string(),
      tree: z.array(z.object({ name: z.string(), value: s.count, parent: z.int().min(-1) })),
    }),
  ),
});

const profileMode = z.enum(['CPU', 'ITIMER', 'WALL', 'ALLOC']);
const profileInfo = z.object({
  status: z.enum(['RUNNING', 'FINISHED', 'FAILED']),
  mode: profileMode,
  triggerTime: s.instant,
  finishedTime: s.instant.optional(),
  durationMs: z.number(),
  message: z.string(),
  outputFile: z.string().optional(),
});
export const listProfiles = z.strictObject({ type: z.literal('listProfiles') });
export const profileList = z.object({ type: z.literal('profileList'), profiles: z.array(profileInfo) });
export const startProfile = z.strictObject({
  type: z.literal('startProfile'),
  mode: profileMode,
  durationMs: z.number().positive(),
});
export const profileStarted = z.object({ type: z.literal('profileStarted'), profile: profileInfo });
/** A part of the file of a profile, `from` a byte; answered with `logPart`. */
export const readProfile = z.strictObject({
  type: z.literal('readProfile'),
  name: z.string().max(255),
  from: s.count,
});

export const nodeRequest = z.discriminatedUnion('type', [
  listLogs,
  readLog,
  requestThreads,
  requestNodeEnvironment,
  sampleThreads,
  listProfiles,
  startProfile,
  readProfile,
]);
export type NodeRequest = z.infer<typeof nodeRequest>;

export const nodeReply = z.discriminatedUnion('type', [
  logList,
  logPart,
  threadList,
  nodeEnvironment,
  threadSamples,
  profileList,
  profileStarted,
  s.refused,
]);
export type NodeReply = z.infer<typeof nodeReply>;
