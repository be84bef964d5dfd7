import { z } from 'zod';
import { RestError } from './errors.ts';
import { checkRescale } from './permitted.ts';
import {
  rescaleJson,
  rescaleSchema,
  rescalesOverview,
  rescalesOverviewSchema,
  rescalesSummary,
  rescalesSummarySchema,
} from './rescale-json.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { empty, jobParams } from './schemas.ts';

const requirements = z.record(
  z.string(),
  z.object({
    parallelism: z.object({ lowerBound: z.int().positive(), upperBound: z.int().positive() }),
  }),
);

const read = { method: 'GET', role: 'read', params: jobParams } as const;

/** What parallelism jobs may have, and how it changed while they ran; with `jobmanager.scheduler: adaptive`. */
export const RESCALE_ROUTES: readonly Route[] = [
  legacyRoute('PATCH', '/jobs/:jobid/rescaling'),
  legacyRoute('GET', '/jobs/:jobid/rescaling/:triggerid'),
  route({
    ...read,
    path: '/jobs/:jobid/resource-requirements',
    summary: 'The parallelism that each vertex may have.',
    response: requirements,
    handle: async ({ gateway, params }) => {
      const { requirements: bounds } = await gateway.rescaling(params.jobid);
      return Object.fromEntries(
        Object.entries(bounds).map(([vertexId, parallelism]) => [vertexId, { parallelism }]),
      );
    },
  }),
  route({
    method: 'PUT',
    path: '/jobs/:jobid/resource-requirements',
    role: 'operate',
    summary: 'Changes what parallelism each vertex may have: the job is rescaled while it runs.',
    params: jobParams,
    body: requirements,
    response: empty,
    handle: async ({ gateway, params, body }) => {
      checkRescale(gateway);
      const bounds = Object.entries(body).map(([vertexId, { parallelism }]) => [vertexId, parallelism]);
      await gateway.updateResourceRequirements(params.jobid, Object.fromEntries(bounds));
      return {};
    },
  }),
  route({
    ...read,
    path: '/jobs/:jobid/rescales/overview',
    summary: 'How often a job was rescaled, and how last.',
    response: rescalesOverviewSchema,
    handle: async ({ gateway, params }) => rescalesOverview(await gateway.rescaling(params.jobid)),
  }),
  route({
    ...read,
    path: '/jobs/:jobid/rescales/history',
    summary: 'The last rescalings, newest first; web.adaptive-scheduler.rescale-history.size.',
    response: z.array(rescaleSchema),
    handle: async ({ gateway, params }) => (await gateway.rescaling(params.jobid)).history.map(rescaleJson),
  }),
  route({
    ...read,
    path: '/jobs/:jobid/rescales/details/:rescaleuuid',
    summary: 'One rescaling.',
    params: jobParams.extend({ rescaleuuid: z.string().regex(/^[0-9a-fA-F-]{1,36}$/, 'not an id') }),
    response: rescaleSchema,
    handle: async ({ gateway, params: { jobid, rescaleuuid } }) => {
      const { history } = await gateway.rescaling(jobid);
      const found = history.find(({ id }) => id === rescaleuuid);
      if (found === undefined)
        throw new RestError(404, `There is no rescale ${rescaleuuid} of job ${jobid}.`);
      return rescaleJson(found);
    },
  }),
  route({
    ...read,
    path: '/jobs/:jobid/rescales/summary',
    summary: 'How long rescalings took.',
    response: rescalesSummarySchema,
    handle: async ({ gateway, params }) => rescalesSummary(await gateway.rescaling(params.jobid)),
  }),
  route({
    ...read,
    path: '/jobs/:jobid/rescales/config',
    summary: 'How a job is rescaled.',
    response: z.object({
      rescaleHistoryMax: z.int(),
      schedulerExecutionMode: z.string().nullable(),
      executingCooldownTimeoutInMillis: z.number(),
      submissionResourceStabilizationTimeoutInMillis: z.number(),
    }),
    handle: async ({ gateway, params }) => {
      const { historyKept, cooldownMs, stabilizationMs } = await gateway.rescaling(params.jobid);
      return {
        rescaleHistoryMax: historyKept,
        schedulerExecutionMode: null,
        executingCooldownTimeoutInMillis: cooldownMs,
        submissionResourceStabilizationTimeoutInMillis: stabilizationMs,
      };
    },
  }),
];

function legacyRoute(method: 'PATCH' | 'GET', path: string): Route {
  return route({
    method,
    path,
    role: 'operate',
    summary: 'Rescaling of old: always refused, as in Flink.',
    params: jobParams,
    response: empty,
    handle: () => {
      throw new RestError(
        503,
        'Rescaling is temporarily disabled. Use PUT /jobs/:jobid/resource-requirements, with jobmanager.scheduler: adaptive.',
      );
    },
  });
}
