import type { ExecutionState, JobStatus } from '../protocol/job-status.ts';
import { EXECUTION_STATES, JOB_STATUSES, isTerminal } from '../protocol/job-status.ts';

/** Flink's states, with those that Millrace never enters: readers expect all of them. */
export const ALL_EXECUTION_STATES = [...EXECUTION_STATES, 'RECONCILING'] as const;
export const ALL_JOB_STATUSES = [...JOB_STATUSES, 'RECONCILING'] as const;

/** Those that an attempt passes through, and whose time is taken. */
export const TIMED_STATES = EXECUTION_STATES.filter(
  (state): state is Exclude<ExecutionState, 'FINISHED' | 'CANCELED' | 'FAILED'> => !isTerminal(state),
);

type AnyState = (typeof ALL_EXECUTION_STATES)[number];
type AnyStatus = (typeof ALL_JOB_STATUSES)[number];
type Counts = Readonly<Partial<Record<ExecutionState, number>>>;

/** Every state with its count, in capitals. */
export function stateCounts(counts: Counts): Record<AnyState, number> {
  return Object.fromEntries(
    ALL_EXECUTION_STATES.map((state) => [state, (counts as Record<string, number>)[state] ?? 0]),
  ) as Record<AnyState, number>;
}

/** Every state with its count in small letters, and their sum, as lists of jobs have it. */
export function taskCounts(counts: Counts): Record<'total' | Lowercase<AnyState>, number> {
  const entries = Object.entries(stateCounts(counts));
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  const lower = Object.fromEntries(entries.map(([state, count]) => [state.toLowerCase(), count]));
  return { total, ...(lower as Record<Lowercase<AnyState>, number>) };
}

/** When the job entered each status; 0 for those it never did. */
export function statusTimestamps(
  times: Readonly<Partial<Record<JobStatus, number>>>,
): Record<AnyStatus, number> {
  return Object.fromEntries(
    ALL_JOB_STATUSES.map((status) => [status, (times as Record<string, number>)[status] ?? 0]),
  ) as Record<AnyStatus, number>;
}

/** When an attempt entered each state; 0 for those it never did. */
export function executionTimestamps(
  times: Readonly<Partial<Record<ExecutionState, number>>>,
): Record<AnyState, number> {
  return Object.fromEntries(
    ALL_EXECUTION_STATES.map((state) => [state, (times as Record<string, number>)[state] ?? 0]),
  ) as Record<AnyState, number>;
}

const RANK: Readonly<Record<ExecutionState, number>> = {
  CREATED: 0,
  SCHEDULED: 1,
  DEPLOYING: 2,
  INITIALIZING: 3,
  RUNNING: 4,
  FINISHED: 5,
  CANCELING: 6,
  CANCELED: 7,
  FAILED: 8,
};

/** The state of a vertex, of those of its subtasks: as Flink, the worst; FINISHED only when all are. */
export function vertexState(states: readonly ExecutionState[]): ExecutionState {
  if (states.length > 0 && states.every((state) => state === 'FINISHED')) return 'FINISHED';
  let worst: ExecutionState = 'CREATED';
  for (const state of states) {
    const shown = state === 'FINISHED' ? 'RUNNING' : state;
    if (RANK[shown] > RANK[worst]) worst = shown;
  }
  return worst;
}
