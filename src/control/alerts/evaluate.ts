import type { AlertRuleId, AlertSettings } from './rules.ts';

/** What is known of a job at one moment; what is not known is missing, and no alert comes of it. */
export interface JobObservation {
  readonly jobId: string;
  readonly jobName: string;
  readonly restarts: number;
  readonly failedCheckpoints: number;
  readonly completedCheckpoints: number;
  /** ms; missing before any. */
  readonly lastCheckpointDuration?: number;
  /** How long the oldest checkpoint under way has taken so far; ms. */
  readonly pendingCheckpoint?: number;
  /** ms. */
  readonly checkpointTimeout: number;
  /** ms. */
  readonly eventTimeLag?: number;
  /** 0 to 1. */
  readonly backpressureMean?: number;
}

export interface ProcessObservation {
  /** Id of the TaskManager; `jobmanager` for the JobManager. */
  readonly id: string;
  /** 0 to 1. */
  readonly heapUsage?: number;
}

export interface Observations {
  readonly jobs: readonly JobObservation[];
  readonly processes: readonly ProcessObservation[];
}

/** An alert whose condition holds. */
export interface Alert {
  readonly rule: AlertRuleId;
  /** Id of the job or process that it is about, and its name. */
  readonly subject: string;
  readonly subjectName: string;
  readonly value: number;
  readonly threshold: number;
  /** `pending`: the condition has not held for long enough. */
  readonly status: 'pending' | 'firing';
  /** Monotonic ms at which the condition began to hold, and at which it fired. */
  readonly since: number;
  readonly firedAt: number | undefined;
}

/** What has to be remembered of a job from one look to the next. */
interface JobMemory {
  readonly completed: number;
  readonly failedAtCompletion: number;
  /** Restarts seen, oldest first: [monotonic ms, count]. */
  readonly restarts: readonly (readonly [number, number])[];
}

/** Immutable; every change is one `evaluate`. */
export interface AlertState {
  /** By rule and subject. */
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly jobs: ReadonlyMap<string, JobMemory>;
}

export const NO_ALERTS: AlertState = { alerts: new Map(), jobs: new Map() };

/** An alert began or ceased to fire. */
export interface AlertChange {
  readonly to: 'FIRING' | 'RESOLVED';
  readonly alert: Alert;
}

export interface AlertEvaluation {
  readonly state: AlertState;
  readonly changes: readonly AlertChange[];
}

interface Reading {
  readonly rule: AlertRuleId;
  readonly subject: string;
  readonly subjectName: string;
  readonly value: number;
}

/**
 * Looks at the rules once. Jobs and processes that are gone take their alerts with them, resolved.
 * @param now monotonic ms
 */
export function evaluate(
  state: AlertState,
  settings: AlertSettings,
  { jobs, processes }: Observations,
  now: number,
): AlertEvaluation {
  const memories = new Map<string, JobMemory>();
  const readings: Reading[] = [];
  for (const job of jobs) {
    const memory = remember(state.jobs.get(job.jobId), job, settings.restartWindowMs, now);
    memories.set(job.jobId, memory);
    readings.push(...jobReadings(job, memory));
  }
  for (const { id, heapUsage } of processes) {
    if (heapUsage === undefined) continue;
    readings.push({ rule: 'memory-pressure', subject: id, subjectName: id, value: heapUsage });
  }
  const alerts = new Map<string, Alert>();
  for (const reading of readings) {
    const alert = judge(state.alerts.get(keyOf(reading)), settings, reading, now);
    if (alert !== undefined) alerts.set(keyOf(reading), alert);
  }
  return { state: { alerts, jobs: memories }, changes: changesBetween(state.alerts, alerts) };
}

function keyOf({ rule, subject }: Pick<Alert, 'rule' | 'subject'>): string {
  return `${rule}/${subject}`;
}

function judge(
  before: Alert | undefined,
  settings: AlertSettings,
  reading: Reading,
  now: number,
): Alert | undefined {
  const { threshold, forMs } = settings.rules[reading.rule];
  if (!(reading.value > threshold)) return undefined;
  const since = before?.since ?? now;
  const fires = before?.status === 'firing' || now - since >= forMs;
  return {
    ...reading,
    threshold,
    since,
    status: fires ? 'firing' : 'pending',
    firedAt: before?.firedAt ?? (fires ? now : undefined),
  };
}

function changesBetween(
  before: ReadonlyMap<string, Alert>,
  after: ReadonlyMap<string, Alert>,
): AlertChange[] {
  const changes: AlertChange[] = [];
  for (const [key, alert] of after) {
    if (alert.status === 'firing' && before.get(key)?.status !== 'firing')
      changes.push({ to: 'FIRING', alert });
  }
  for (const [key, alert] of before) {
    if (alert.status === 'firing' && !after.has(key)) changes.push({ to: 'RESOLVED', alert });
  }
  return changes;
}

function jobReadings(job: JobObservation, memory: JobMemory): Reading[] {
  const about = { subject: job.jobId, subjectName: job.jobName };
  const failures = job.failedCheckpoints - memory.failedAtCompletion;
  const slowest = Math.max(job.lastCheckpointDuration ?? 0, job.pendingCheckpoint ?? 0);
  const restarts = job.restarts - (memory.restarts[0]?.[1] ?? job.restarts);
  const values: Partial<Record<AlertRuleId, number | undefined>> = {
    'checkpoint-failures': failures,
    'event-time-lag': job.eventTimeLag,
    backpressure: job.backpressureMean,
    'restart-storm': restarts,
    'data-loss-risk': job.checkpointTimeout > 0 ? slowest / job.checkpointTimeout : undefined,
  };
  return Object.entries(values).flatMap(([rule, value]) =>
    value === undefined ? [] : [{ rule: rule as AlertRuleId, ...about, value }],
  );
}

function remember(
  before: JobMemory | undefined,
  job: JobObservation,
  windowMs: number,
  now: number,
): JobMemory {
  const completedSince = before === undefined || job.completedCheckpoints > before.completed;
  const samples = [...(before?.restarts ?? [[now, job.restarts] as const])];
  if (samples.at(-1)?.[1] !== job.restarts) samples.push([now, job.restarts]);
  // One sample from before the window says how many restarts there were when it began.
  while (samples.length > 1 && (samples[1]?.[0] ?? now) <= now - windowMs) samples.shift();
  return {
    completed: job.completedCheckpoints,
    failedAtCompletion: completedSince ? failedBefore(before, job) : before.failedAtCompletion,
    restarts: samples,
  };
}

/** Failures that are over: all that there were when the last checkpoint was complete. At the first look, none is. */
function failedBefore(before: JobMemory | undefined, job: JobObservation): number {
  return before === undefined && job.completedCheckpoints === 0 ? 0 : job.failedCheckpoints;
}
