import { z } from 'zod';
import * as s from './schema.ts';

/** An alert as it is announced, posted and shown. */
export const alertInfo = z.object({
  rule: z.string(),
  severity: z.enum(['warning', 'critical']),
  summary: z.string(),
  /** `PENDING`: the condition holds, but has not for long enough. */
  status: z.enum(['PENDING', 'FIRING', 'RESOLVED']),
  /** Id of the job or TaskManager, or `jobmanager`. */
  subject: z.string(),
  jobId: s.jobId.optional(),
  jobName: z.string().optional(),
  taskManagerId: s.taskManagerId.optional(),
  value: z.number(),
  threshold: z.number(),
  /** Of value and threshold. */
  unit: z.string(),
  /** Wall time, ms: since when the condition holds, and since when it fires. */
  since: z.number(),
  firedAt: z.number().optional(),
});
export type AlertInfo = z.infer<typeof alertInfo>;
