import { z } from 'zod';
import * as s from './schema.ts';

/** Of each vertex, by its id, how many subtasks it may have. */
export const resourceRequirements = z.record(
  z.string().max(64),
  z.object({ lowerBound: s.positive, upperBound: s.positive }),
);

const rescaledVertex = z.object({
  vertexId: s.vertexId,
  name: z.string(),
  slotSharingGroup: z.string(),
  /** Subtasks: before, at most, at least, and since. */
  before: s.positive,
  desired: s.positive,
  sufficient: s.positive,
  after: s.positive,
});

/** One change of a job's parallelism. */
export const rescaleInfo = z.object({
  id: z.string(),
  /** Counts the rescalings of a job. */
  number: s.positive,
  cause: z.enum(['UPDATE_REQUIREMENT', 'NEW_RESOURCE_AVAILABLE', 'MISSING_RESOURCE']),
  state: z.enum(['IN_PROGRESS', 'COMPLETED', 'FAILED']),
  startedAt: s.instant,
  endedAt: s.instant.optional(),
  error: s.serializedError.optional(),
  vertices: z.array(rescaledVertex),
});
export type RescaleInfo = z.infer<typeof rescaleInfo>;

/** What parallelism a job may have, and how it changed. */
export const rescaling = z.object({
  /** Whether it changes while the job runs: `jobmanager.scheduler` is adaptive. */
  adaptive: z.boolean(),
  requirements: resourceRequirements,
  counts: z.object({ inProgress: s.count, completed: s.count, failed: s.count }),
  historyKept: s.count,
  cooldownMs: z.number(),
  stabilizationMs: z.number(),
  /** Newest first. */
  history: z.array(rescaleInfo),
});
export type Rescaling = z.infer<typeof rescaling>;
