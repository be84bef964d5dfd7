/**
 * How a job runs (`execution.runtime-mode`): STREAMING gives results as records come; BATCH, for bounded sources only, gives
 * each keyed result once, at the end; AUTOMATIC is BATCH when all sources are bounded, else STREAMING.
 */
export const RuntimeExecutionMode = {
  STREAMING: 'STREAMING',
  BATCH: 'BATCH',
  AUTOMATIC: 'AUTOMATIC',
} as const;
export type RuntimeExecutionMode = (typeof RuntimeExecutionMode)[keyof typeof RuntimeExecutionMode];
