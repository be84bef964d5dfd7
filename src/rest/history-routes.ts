import { z } from 'zod';
import { clusterConfig } from './job-config.ts';
import { RestError } from './errors.ts';
import { environment, keyValues } from './node-schemas.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { empty, jobParams, requestId, taskManagerParams } from './schemas.ts';

const read = { method: 'GET', role: 'read', params: jobParams } as const;
const logUrl = z.object({ url: z.string() });

/**
 * Routes that Flink has for its history server, for cached datasets and for collect in SQL. The pages of a job that has ended show what the
 * cluster has now; of the others there is nothing, which is said.
 */
export const HISTORY_ROUTES: readonly Route[] = [
  route({
    ...read,
    path: '/jobs/:jobid/jobmanager/config',
    summary: 'The configuration of the JobManager of a job; secrets are masked.',
    response: keyValues,
    handle: async ({ gateway, params }) => {
      await gateway.job(params.jobid);
      return clusterConfig(gateway.configuration);
    },
  }),
  route({
    ...read,
    path: '/jobs/:jobid/jobmanager/environment',
    summary: 'Runtime and modules of the JobManager of a job.',
    response: environment,
    handle: async ({ gateway, params }) => {
      await gateway.job(params.jobid);
      const { version, arch, options, modules } = await gateway.jobManager.environment();
      return { jvm: { version, arch, options }, classpath: modules };
    },
  }),
  route({
    ...read,
    path: '/jobs/:jobid/jobmanager/log-url',
    summary: 'Where the log of the JobManager of a job is.',
    response: logUrl,
    handle: async ({ gateway, params }) => {
      await gateway.job(params.jobid);
      return { url: '/jobmanager/log' };
    },
  }),
  route({
    ...read,
    path: '/jobs/:jobid/taskmanagers/:taskmanagerid/log-url',
    summary: 'Where the log of a TaskManager of a job is.',
    params: jobParams.extend(taskManagerParams.shape),
    response: logUrl,
    handle: async ({ gateway, params: { jobid, taskmanagerid } }) => {
      await gateway.job(jobid);
      return { url: `/taskmanagers/${encodeURIComponent(taskmanagerid)}/log` };
    },
  }),
  route({
    method: 'DELETE',
    path: '/datasets/:datasetid',
    role: 'operate',
    summary: 'Removes a cached dataset: there are none.',
    params: z.object({ datasetid: z.string().max(64) }),
    status: 202,
    response: requestId,
    handle: ({ params }): never => {
      throw new RestError(404, `There is no dataset ${params.datasetid}: Millrace caches none.`);
    },
  }),
  route({
    method: 'GET',
    path: '/datasets/delete/:triggerid',
    role: 'read',
    summary: 'What has become of the removal of a dataset: there are none.',
    params: z.object({ triggerid: z.string().max(64) }),
    response: empty,
    handle: ({ params }): never => {
      throw new RestError(404, `There is no operation with triggerId=${params.triggerid}.`);
    },
  }),
  route({
    method: 'POST',
    path: '/jobs/:jobid/coordinators/:operatorid',
    role: 'operate',
    summary: 'A request to the coordinator of an operator: Java alone writes these.',
    params: jobParams.extend({ operatorid: z.string().max(64) }),
    response: empty,
    handle: async ({ gateway, params }): Promise<never> => {
      await gateway.job(params.jobid);
      throw new RestError(
        400,
        'Requests to coordinators are serialized by Java, which nobody reads here: rows of collect() come over NATS, or by the command line.',
      );
    },
  }),
];
