/** What a job needs. */
export { defineJob } from './api/job.ts';
export type { JobDefinition } from './api/job.ts';
