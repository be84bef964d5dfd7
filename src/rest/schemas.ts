import { z } from 'zod';
import * as s from '../protocol/schema.ts';

/** Parameters that many routes have. */
export const jobParams = z.object({ jobid: s.jobId });
export const vertexParams = jobParams.extend({ vertexid: s.vertexId });
/** A whole number in a path or query. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'not a whole number')
  .transform(Number);
export const subtaskParams = vertexParams.extend({ subtaskindex: wholeNumber });
export const attemptParams = subtaskParams.extend({ attempt: wholeNumber });
export const triggerParams = jobParams.extend({
  triggerid: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'not an id'),
});
export const taskManagerParams = z.object({ taskmanagerid: s.taskManagerId });

/** What has its schema elsewhere: messages of the cluster's protocol, and the document of the API. */
export const anyObject = z.record(z.string(), z.unknown());
export const empty = z.strictObject({});
export const requestId = z.object({ 'request-id': z.string() });

/** `true`, `false`, or text of it: dashboards send both. Empty text and null mean that nothing is said. */
export const looseBoolean = z
  .union([z.boolean(), z.enum(['true', 'false', '']), z.null()])
  .transform((value) => (value === '' || value === null ? undefined : String(value) === 'true'))
  .optional();

/** Text; empty and null mean that nothing is said. */
export const looseText = z
  .string()
  .max(4_096)
  .nullable()
  .transform((value) => (value === '' || value === null ? undefined : value))
  .optional();

/** A positive whole number, or text of one. */
export const looseParallelism = z
  .union([z.int(), z.string().regex(/^\d{0,6}$/, 'not a whole number'), z.null()])
  .transform((value) => (value === '' || value === null ? undefined : Number(value)))
  .refine((value) => value === undefined || value > 0, 'must be at least 1')
  .optional();
