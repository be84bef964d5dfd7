import type { JobId, VertexId } from '../base/ids.ts';
import type { ExecutionGraphInfo, SubtaskInfo, VertexInfo } from '../protocol/execution-graph-info.ts';
import { z } from 'zod';
import type { CallTreeKind } from '../ports/node-view.ts';
import { backpressureJson } from './backpressure.ts';
import { RestError, vertexNotFound } from './errors.ts';
import { flameGraphJson } from './flame-graph-json.ts';
import type { RestGateway } from './gateway.ts';
import { positionOf } from './io-metrics.ts';
import { route } from './route.ts';
import type { Answer, Route } from './route.ts';
import { attemptParams, subtaskParams, vertexParams } from './schemas.ts';
import {
  attemptOf,
  subtaskJson,
  subtaskTimes,
  vertexDetail,
  vertexTaskManagers,
  watermarks,
} from './vertex-json.ts';
import * as schemas from './vertex-schemas.ts';

const PATH = '/jobs/:jobid/vertices/:vertexid';

/** The subtasks of one vertex, from every side. */
export const VERTEX_ROUTES: readonly Route[] = [
  vertexRoute('', 'A vertex with its subtasks.', schemas.vertexDetail, vertexDetail),
  vertexRoute(
    '/taskmanagers',
    'The subtasks of a vertex by TaskManager.',
    schemas.vertexTaskManagers,
    vertexTaskManagers,
  ),
  vertexRoute(
    '/subtasktimes',
    'When each subtask entered its states.',
    schemas.subtaskTimes,
    (_job, vertex, now) => subtaskTimes(vertex, now),
  ),
  vertexRoute('/watermarks', 'The watermark of each subtask.', schemas.watermarks, (_job, vertex) =>
    watermarks(vertex),
  ),
  vertexRoute(
    '/accumulators',
    'Accumulators: Millrace has metrics in their place.',
    schemas.vertexAccumulators,
    (_job, vertex) => ({
      id: vertex.vertexId,
      'user-accumulators': [],
    }),
  ),
  vertexRoute(
    '/subtasks/accumulators',
    'Accumulators of subtasks: there are none.',
    schemas.subtasksAccumulators,
    (_job, vertex) => ({
      id: vertex.vertexId,
      parallelism: vertex.parallelism,
      subtasks: vertex.subtasks.map(({ subtaskIndex, attempt, taskManagerId = '(unassigned)' }) => ({
        subtask: subtaskIndex,
        attempt,
        endpoint: taskManagerId,
        host: taskManagerId,
        'user-accumulators': [],
      })),
    }),
  ),
  route({
    method: 'GET',
    path: `${PATH}/backpressure`,
    role: 'read',
    summary: 'How much of its time each subtask waits for those behind it.',
    params: vertexParams,
    query: z.object({ get: z.string().max(100).optional() }),
    response: schemas.backpressure,
    handle: async ({ gateway, params: { jobid, vertexid } }) => {
      await vertexOf(gateway, jobid, vertexid);
      const values = await gateway.metrics.values({ type: 'vertex', jobId: jobid, vertexId: vertexid });
      return backpressureJson(values, gateway.now());
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/flamegraph`,
    role: 'read',
    summary: 'What the threads of the slots do that run the vertex: stacks, with the samples taken in each.',
    params: vertexParams,
    query: z.object({
      type: z.string().max(20).optional(),
      subtaskindex: z.coerce.number().int().nonnegative().optional(),
    }),
    response: schemas.flameGraph,
    handle: async ({ gateway, params: { jobid, vertexid }, query: { type = 'FULL', subtaskindex } }) => {
      const { vertex } = await vertexOf(gateway, jobid, vertexid);
      if (subtaskindex !== undefined) subtaskOf(vertex, subtaskindex);
      return flameGraphJson(await gateway.flameGraphs.of(jobid, vertexid, kindOf(type), subtaskindex));
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/subtasks/:subtaskindex`,
    role: 'read',
    summary: 'The present attempt of a subtask.',
    params: subtaskParams,
    response: schemas.subtaskAttempt,
    handle: async ({ gateway, params: { jobid, vertexid, subtaskindex } }) => {
      const { job, vertex } = await vertexOf(gateway, jobid, vertexid);
      const subtask = subtaskOf(vertex, subtaskindex);
      return subtaskJson(subtaskindex, subtask, positionOf(vertex, job.edges), gateway.now());
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/subtasks/:subtaskindex/attempts/:attempt`,
    role: 'read',
    summary: 'An attempt of a subtask that is still remembered.',
    params: attemptParams,
    response: schemas.subtaskAttempt,
    handle: async ({ gateway, params: { jobid, vertexid, subtaskindex, attempt } }) => {
      const { job, vertex } = await vertexOf(gateway, jobid, vertexid);
      const found = attemptOf(subtaskOf(vertex, subtaskindex), attempt);
      if (found === undefined)
        throw new RestError(
          404,
          `Attempt ${attempt} of subtask ${subtaskindex} of vertex ${vertexid} is not known.`,
        );
      return subtaskJson(subtaskindex, found, positionOf(vertex, job.edges), gateway.now());
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/subtasks/:subtaskindex/attempts/:attempt/accumulators`,
    role: 'read',
    summary: 'Accumulators of an attempt: there are none.',
    params: attemptParams,
    response: schemas.attemptAccumulators,
    handle: async ({ gateway, params: { jobid, vertexid, subtaskindex, attempt } }) => {
      const { vertex } = await vertexOf(gateway, jobid, vertexid);
      subtaskOf(vertex, subtaskindex);
      return { subtask: subtaskindex, attempt, id: vertexid, 'user-accumulators': [] };
    },
  }),
];

function vertexRoute<T extends z.ZodType>(
  path: string,
  summary: string,
  response: T,
  shape: (job: ExecutionGraphInfo, vertex: VertexInfo, now: number) => Answer<T>,
): Route {
  return route({
    method: 'GET',
    path: `${PATH}${path}`,
    role: 'read',
    summary,
    params: vertexParams,
    response,
    handle: async ({ gateway, params: { jobid, vertexid } }) => {
      const { job, vertex } = await vertexOf(gateway, jobid, vertexid);
      return shape(job, vertex, gateway.now());
    },
  });
}

/** @throws RestError 400 */
function kindOf(type: string): CallTreeKind {
  const kind = FLAME_GRAPH_KINDS.find((known) => known === type.toUpperCase());
  if (kind !== undefined) return kind;
  throw new RestError(400, `There is no flame graph of type "${type}": FULL, ON_CPU, OFF_CPU.`);
}

const FLAME_GRAPH_KINDS = ['FULL', 'ON_CPU', 'OFF_CPU'] as const;

/** @throws RestError 404 */
async function vertexOf(
  gateway: RestGateway,
  jobId: JobId,
  vertexId: VertexId,
): Promise<{ readonly job: ExecutionGraphInfo; readonly vertex: VertexInfo }> {
  const job = await gateway.job(jobId);
  const vertex = job.vertices.find((candidate) => candidate.vertexId === vertexId);
  if (vertex === undefined) throw vertexNotFound(vertexId);
  return { job, vertex };
}

function subtaskOf(vertex: VertexInfo, index: number): SubtaskInfo {
  const subtask = vertex.subtasks[index];
  if (subtask === undefined) throw new RestError(404, `Invalid subtask index for vertex ${vertex.vertexId}`);
  return subtask;
}
