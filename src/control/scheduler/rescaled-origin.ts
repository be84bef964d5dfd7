import type { SchedulerOrigin, SchedulerState } from './state.ts';

/**
 * What the scheduler of a suspended job hands on to the one that goes on with another parallelism: its slots, its history, and attempts
 * above all before.
 * @returns undefined where the job ends instead
 */
export function rescaledOrigin(scheduler: SchedulerState): SchedulerOrigin | undefined {
  const { purpose, status, slots, restarts, history, failure, regions, recovered } = scheduler;
  if (purpose !== 'suspended' || status !== 'RESTARTING') return undefined;
  const firstAttempt = Math.max(...regions.map(({ attempt }) => attempt)) + 1;
  return { recovered, rescaled: { firstAttempt, slots: [...slots.values()], restarts, history, failure } };
}
