import { z } from 'zod';
import type { SerializedError } from '../base/errors.ts';
import type { ExecutionGraphInfo } from '../protocol/execution-graph-info.ts';
import type { JobStatus, JobSummary } from '../protocol/job-status.ts';
import * as s from '../protocol/schema.ts';
import { exceptionName, stackOf } from './exceptions-json.ts';
import type { Submission } from './gateway.ts';
import { jobOverview } from './job-json.ts';
import { jobOverviewItem, milliseconds, moment } from './job-schemas.ts';
import { ALL_JOB_STATUSES } from './states.ts';

/** Flink's applications. Every job is one of its own here, under its own id. */

const STATUSES = ['CREATED', 'RUNNING', 'FAILING', 'FAILED', 'CANCELLING', 'CANCELED', 'FINISHED'] as const;
type ApplicationStatus = (typeof STATUSES)[number];

const common = {
  id: s.jobId,
  name: z.string(),
  status: z.enum(STATUSES),
  'start-time': moment,
  'end-time': moment,
  duration: milliseconds,
};

export const applicationOverview = z
  .object({ ...common, jobs: z.record(z.enum(ALL_JOB_STATUSES), z.int()) })
  .meta({ id: 'ApplicationOverviewItem' });
type ApplicationOverview = z.infer<typeof applicationOverview>;

export const applicationDetail = z.object({
  ...common,
  timestamps: z.record(z.enum(STATUSES), moment),
  jobs: z.array(jobOverviewItem),
});
type ApplicationDetail = z.infer<typeof applicationDetail>;

export const applicationExceptions = z.object({
  exceptionHistory: z.object({
    entries: z.array(
      z.object({
        exceptionName: z.string(),
        stacktrace: z.string(),
        timestamp: moment,
        jobId: s.jobId.optional().describe('Missing where the module did not become a job.'),
      }),
    ),
  }),
});
type ApplicationExceptions = z.infer<typeof applicationExceptions>;

export function overviewOfJob(job: JobSummary, now: number): ApplicationOverview {
  return { ...commonOfJob(job, now), jobs: countsOf(job.status) };
}

/** Of a module that is no job yet, or was refused. */
export function overviewOfSubmission(submission: Submission, now: number): ApplicationOverview {
  return { ...commonOfSubmission(submission, now), jobs: countsOf(undefined) };
}

export function detailOfJob(job: ExecutionGraphInfo, now: number): ApplicationDetail {
  const times = job.statusTimes;
  const { RUNNING, FAILING, FAILED, CANCELLING, CANCELED, FINISHED } = times;
  return {
    ...commonOfJob(job, now),
    timestamps: timestamps({
      CREATED: job.submittedAt,
      RUNNING,
      FAILING,
      FAILED,
      CANCELLING,
      CANCELED,
      FINISHED,
    }),
    jobs: [jobOverview(job, now)],
  };
}

export function detailOfSubmission(submission: Submission, now: number): ApplicationDetail {
  const times = { CREATED: submission.at, FAILED: submission.refused?.at };
  return { ...commonOfSubmission(submission, now), timestamps: timestamps(times), jobs: [] };
}

export function exceptionsOfJob(job: ExecutionGraphInfo): ApplicationExceptions {
  return exceptions(job.failures.map(({ at, error }) => ({ ...entry(at, error), jobId: job.jobId })));
}

export function exceptionsOfSubmission({ refused }: Submission): ApplicationExceptions {
  return exceptions(refused === undefined ? [] : [entry(refused.at, refused.error)]);
}

type Entry = ApplicationExceptions['exceptionHistory']['entries'][number];

function exceptions(entries: Entry[]): ApplicationExceptions {
  return { exceptionHistory: { entries } };
}

function entry(at: number, error: SerializedError): Entry {
  return { exceptionName: exceptionName(error), stacktrace: stackOf(error), timestamp: at };
}

type Common = Omit<ApplicationOverview, 'jobs'>;

function commonOfJob(job: JobSummary, now: number): Common {
  const { jid: id, name, duration, 'start-time': start, 'end-time': end } = jobOverview(job, now);
  return { id, name, status: statusOf(job.status), 'start-time': start, 'end-time': end, duration };
}

function commonOfSubmission({ jobId, name, at, refused }: Submission, now: number): Common {
  return {
    id: jobId,
    name,
    status: refused === undefined ? 'CREATED' : 'FAILED',
    'start-time': at,
    'end-time': refused?.at ?? -1,
    duration: Math.max(0, (refused?.at ?? now) - at),
  };
}

/** An application runs while its job restarts, or waits for the next leader. */
function statusOf(status: JobStatus): ApplicationStatus {
  if (status === 'INITIALIZING') return 'CREATED';
  return status === 'RESTARTING' || status === 'SUSPENDED' ? 'RUNNING' : status;
}

function timestamps(
  times: Partial<Record<ApplicationStatus, number | undefined>>,
): Record<ApplicationStatus, number> {
  const entries = STATUSES.map((status) => [status, times[status] ?? 0]);
  return Object.fromEntries(entries) as Record<ApplicationStatus, number>;
}

function countsOf(present: JobStatus | undefined): ApplicationOverview['jobs'] {
  const entries = ALL_JOB_STATUSES.map((status) => [status, status === present ? 1 : 0]);
  return Object.fromEntries(entries) as ApplicationOverview['jobs'];
}
