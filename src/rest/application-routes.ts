import { z } from 'zod';
import type { JobId } from '../base/ids.ts';
import type { ExecutionGraphInfo } from '../protocol/execution-graph-info.ts';
import * as s from '../protocol/schema.ts';
import {
  applicationDetail,
  applicationExceptions,
  applicationOverview,
  detailOfJob,
  detailOfSubmission,
  exceptionsOfJob,
  exceptionsOfSubmission,
  overviewOfJob,
  overviewOfSubmission,
} from './application-json.ts';
import { cancelJob } from './cancel-job.ts';
import { RestError, badParameters } from './errors.ts';
import type { RestGateway, Submission } from './gateway.ts';
import { jarBody, jarOptions, jarParams, jarQuery } from './jar-request.ts';
import { clusterConfig } from './job-config.ts';
import { keyValues } from './node-schemas.ts';
import { checkCancel, checkSubmit } from './permitted.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { empty } from './schemas.ts';

const applicationParams = z.object({ applicationid: s.jobId });
const PATH = '/applications/:applicationid';

/** Flink's applications: every job is one of its own, by its own id. */
export const APPLICATION_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/applications/overview',
    role: 'read',
    summary: 'All applications; each has one job, or none while its module is being submitted.',
    response: z.object({ applications: z.array(applicationOverview) }),
    handle: async ({ gateway }) => {
      const [jobs, now] = [await gateway.jobs(), gateway.now()];
      const known = new Set(jobs.map(({ jobId }) => jobId));
      const others = gateway.submissions.list().filter(({ jobId }) => !known.has(jobId));
      return {
        applications: [
          ...others.map((submission) => overviewOfSubmission(submission, now)),
          ...jobs.map((job) => overviewOfJob(job, now)),
        ],
      };
    },
  }),
  route({
    method: 'GET',
    path: PATH,
    role: 'read',
    summary: 'An application with its job.',
    params: applicationParams,
    response: applicationDetail,
    handle: async ({ gateway, params }) => {
      const { job, submission } = await applicationOf(gateway, params.applicationid);
      const now = gateway.now();
      return job === undefined ? detailOfSubmission(submission, now) : detailOfJob(job, now);
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/cancel`,
    role: 'operate',
    summary: 'Cancels the job of an application.',
    params: applicationParams,
    status: 202,
    response: empty,
    handle: async ({ gateway, params: { applicationid } }) => {
      checkCancel(gateway);
      const { submission } = await applicationOf(gateway, applicationid);
      if (submission !== undefined)
        throw new RestError(
          409,
          submission.refused === undefined
            ? `Application ${applicationid} is being submitted: cancel it when its job is there.`
            : `Application ${applicationid} has already reached another terminal state (FAILED).`,
        );
      await cancelJob(gateway, applicationid);
      return {};
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/exceptions`,
    role: 'read',
    summary:
      'Why the job of an application failed or restarted, or why its module was refused; newest first.',
    params: applicationParams,
    response: applicationExceptions,
    handle: async ({ gateway, params }) => {
      const { job, submission } = await applicationOf(gateway, params.applicationid);
      return job === undefined ? exceptionsOfSubmission(submission) : exceptionsOfJob(job);
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/jobmanager/config`,
    role: 'read',
    summary: 'The configuration of the JobManager of an application; secrets are masked.',
    params: applicationParams,
    response: keyValues,
    handle: async ({ gateway, params }) => {
      await applicationOf(gateway, params.applicationid);
      return clusterConfig(gateway.configuration);
    },
  }),
  route({
    method: 'POST',
    path: '/jars/:jarid/run-application',
    role: 'submit',
    summary:
      'Runs an uploaded module, and answers before it is built: /applications tells what becomes of it.',
    params: jarParams,
    query: jarQuery,
    body: jarBody.unwrap().unwrap().extend({ applicationId: applicationId() }).nullish(),
    response: z.object({ applicationid: s.jobId }),
    handle: async ({ gateway, params, query, body }) => {
      checkSubmit(gateway);
      const options = jarOptions(query, body);
      const wanted = body?.applicationId ?? undefined;
      if (wanted !== undefined && options.jobId !== undefined && options.jobId !== wanted)
        throw badParameters(
          'applicationId and jobId: a job and its application have one id, leave out one of them',
        );
      const jobId = wanted ?? options.jobId;
      const begun = gateway.submissions.begin(params.jarid, {
        ...options,
        ...(jobId === undefined ? {} : { jobId }),
      });
      return { applicationid: await begun };
    },
  }),
];

/** An empty text says nothing, as with the id of a job. */
function applicationId(): z.ZodType<JobId | undefined> {
  return z
    .union([s.jobId, z.literal(''), z.null()])
    .transform((id) => (id === '' || id === null ? undefined : id))
    .optional();
}

type Application =
  | { readonly job: ExecutionGraphInfo; readonly submission?: undefined }
  | { readonly job?: undefined; readonly submission: Submission };

/** @throws RestError 404 */
async function applicationOf(gateway: RestGateway, id: JobId): Promise<Application> {
  try {
    return { job: await gateway.job(id) };
  } catch (error) {
    if (!(error instanceof RestError) || error.status !== 404) throw error;
    const submission = gateway.submissions.list().find(({ jobId }) => jobId === id);
    if (submission === undefined) throw new RestError(404, `Application ${id} not found`, { cause: error });
    return { submission };
  }
}
