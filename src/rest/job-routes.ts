import { z } from 'zod';
import { jobStatus, isGloballyTerminal } from '../protocol/job-status.ts';
import type { JobStatus } from '../protocol/job-status.ts';
import * as s from '../protocol/schema.ts';
import { RestError } from './errors.ts';
import { cancelJob } from './cancel-job.ts';
import { exceptionsJson, throwableJson } from './exceptions-json.ts';
import { jobConfig } from './job-config.ts';
import { jobDetail, jobOverview } from './job-json.ts';
import * as schemas from './job-schemas.ts';
import { planJson } from './plan-json.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { empty, jobParams, wholeNumber } from './schemas.ts';

/** What is read of jobs as a whole, and their cancellation. */
export const JOB_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/jobs',
    role: 'read',
    summary: 'Ids and states of all jobs.',
    response: z.object({ jobs: z.array(z.object({ id: s.jobId, status: jobStatus })) }),
    handle: async ({ gateway }) => ({
      jobs: (await gateway.jobs()).map(({ jobId, status }) => ({ id: jobId, status })),
    }),
  }),
  route({
    method: 'GET',
    path: '/jobs/overview',
    role: 'read',
    summary: 'All jobs with their times and the states of their tasks.',
    response: z.object({ jobs: z.array(schemas.jobOverviewItem) }),
    handle: async ({ gateway }) => ({
      jobs: (await gateway.jobs()).map((job) => jobOverview(job, gateway.now())),
    }),
  }),
  route({
    method: 'GET',
    path: '/jobs/:jobid',
    role: 'read',
    summary: 'A job with its vertices and its plan.',
    params: jobParams,
    response: schemas.jobDetail,
    handle: async ({ gateway, params }) => jobDetail(await gateway.job(params.jobid), gateway.now()),
  }),
  route({
    method: 'GET',
    path: '/jobs/:jobid/status',
    role: 'read',
    summary: 'The state of a job.',
    params: jobParams,
    response: z.object({ status: jobStatus }),
    handle: async ({ gateway, params }) => ({ status: (await gateway.job(params.jobid)).status }),
  }),
  route({
    method: 'GET',
    path: '/jobs/:jobid/plan',
    role: 'read',
    summary: 'The plan of a job.',
    params: jobParams,
    response: z.object({ plan: schemas.plan }),
    handle: async ({ gateway, params }) => ({ plan: planJson(await gateway.job(params.jobid)) }),
  }),
  route({
    method: 'GET',
    path: '/jobs/:jobid/config',
    role: 'read',
    summary: 'How a job is executed, and its parameters.',
    params: jobParams,
    response: schemas.jobConfig,
    handle: async ({ gateway, params }) => jobConfig(await gateway.job(params.jobid), gateway.configuration),
  }),
  route({
    method: 'GET',
    path: '/jobs/:jobid/exceptions',
    role: 'read',
    summary: 'Why a job failed or restarted, newest first.',
    params: jobParams,
    query: z.object({ maxExceptions: wholeNumber.optional(), failureLabelFilter: z.string().optional() }),
    response: schemas.exceptions,
    handle: async ({ gateway, params, query }) =>
      exceptionsJson(await gateway.job(params.jobid), query.maxExceptions),
  }),
  route({
    method: 'GET',
    path: '/jobs/:jobid/execution-result',
    role: 'read',
    summary: 'What has become of a job, once it has ended.',
    params: jobParams,
    response: schemas.executionResult,
    handle: async ({ gateway, params }) => {
      const job = await gateway.job(params.jobid);
      if (!isGloballyTerminal(job.status)) return { status: { id: 'IN_PROGRESS' as const } };
      return {
        status: { id: 'COMPLETED' as const },
        'job-execution-result': {
          id: job.jobId,
          'application-status': resultOf(job.status),
          'accumulator-results': {},
          'net-runtime': Math.max(0, (job.endedAt ?? gateway.now()) - job.submittedAt),
          ...(job.status === 'FAILED' && job.failure !== undefined
            ? { 'failure-cause': throwableJson(job.failure) }
            : {}),
        },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/jobs/:jobid/accumulators',
    role: 'read',
    summary: 'Accumulators: Millrace has metrics in their place.',
    params: jobParams,
    query: z.object({ includeSerializedValue: z.string().optional() }),
    response: schemas.jobAccumulators,
    handle: async ({ gateway, params }) => {
      await gateway.job(params.jobid);
      return {
        'job-accumulators': [],
        'user-task-accumulators': [],
        'serialized-user-task-accumulators': {},
      };
    },
  }),
  route({
    method: 'PATCH',
    path: '/jobs/:jobid/clientHeartbeat',
    role: 'operate',
    summary: 'A client that is attached to a job; jobs do not end with their clients, so nothing follows.',
    params: jobParams,
    status: 202,
    response: empty,
    handle: async ({ gateway, params }) => {
      await gateway.job(params.jobid);
      return {};
    },
  }),
  cancelRoute('PATCH', '/jobs/:jobid'),
  cancelRoute('GET', '/jobs/:jobid/yarn-cancel'),
  route({
    method: 'GET',
    path: '/jobs/:jobid/yarn-stop',
    role: 'operate',
    summary: 'An old way to stop a job.',
    params: jobParams,
    response: empty,
    handle: () => {
      throw useStop();
    },
  }),
];

function resultOf(status: JobStatus): 'SUCCEEDED' | 'FAILED' | 'CANCELED' | 'UNKNOWN' {
  if (status === 'FINISHED') return 'SUCCEEDED';
  return status === 'FAILED' || status === 'CANCELED' ? status : 'UNKNOWN';
}

/** A job is canceled by PATCH, and by the GET that dashboards send, as their proxies once let nothing else through. */
function cancelRoute(method: 'PATCH' | 'GET', path: string): Route {
  return route({
    method,
    path,
    role: 'operate',
    summary: 'Cancels a job.',
    params: jobParams,
    query: z.object({ mode: z.enum(['cancel', 'stop']).optional() }),
    status: 202,
    response: empty,
    handle: async ({ gateway, params: { jobid }, query }) => {
      if (query.mode === 'stop') throw useStop();
      await cancelJob(gateway, jobid);
      return {};
    },
  });
}

function useStop(): RestError {
  return new RestError(
    308,
    'The termination mode "stop" has been removed. For an orderly end use POST /jobs/:jobid/stop.',
  );
}
