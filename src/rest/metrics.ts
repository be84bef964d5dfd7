import { z } from 'zod';
import * as s from '../protocol/schema.ts';
import { AGGREGATIONS, aggregate } from './metric-aggregation.ts';
import type { Aggregation } from './metric-aggregation.ts';
import type { MetricScope } from './metric-query.ts';
import type { RestGateway } from './gateway.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';

type Values = ReadonlyMap<string, number | string>;

const words = z
  .string()
  .max(100_000)
  .transform((text) => text.split(',').map((word) => word.trim()))
  .transform((list) => list.filter((word) => word !== ''));

const listQuery = z.object({ get: words.optional() });
const aggregations = words.pipe(z.array(z.enum(AGGREGATIONS))).optional();
const aggregateQuery = listQuery.extend({ agg: aggregations });

const listAnswer = z.array(z.object({ id: z.string(), value: z.string().optional() }));
const aggregateAnswer = z.array(
  z.object({
    id: z.string(),
    min: z.number().optional(),
    max: z.number().optional(),
    avg: z.number().optional(),
    sum: z.number().optional(),
    skew: z.number().optional(),
  }),
);

/** Names, or the values of those that are asked for; unknown ones are left out, as Flink does. */
function list(values: Values, get: readonly string[] | undefined): z.infer<typeof listAnswer> {
  if (get === undefined) return [...values.keys()].toSorted().map((id) => ({ id }));
  return [...new Set(get)].flatMap((id) => {
    const value = values.get(id);
    return value === undefined ? [] : [{ id, value: textOf(value) }];
  });
}

/** Flink's watermarks are whole numbers of 64 bits, which a double cannot hold to the last digit. */
function textOf(value: number | string): string {
  if (value === 2 ** 63) return '9223372036854775807';
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

/** Names that any component has, or the values of those that are asked for over all components. */
function aggregated(
  components: readonly Values[],
  get: readonly string[] | undefined,
  wanted: readonly Aggregation[] = AGGREGATIONS,
): z.infer<typeof aggregateAnswer> {
  if (get === undefined) {
    const names = new Set(components.flatMap((values) => [...values.keys()]));
    return [...names].toSorted().map((id) => ({ id }));
  }
  const answer: z.infer<typeof aggregateAnswer> = [];
  for (const id of new Set(get)) {
    const found = components.flatMap((values) => values.get(id) ?? []);
    // As in Flink: where nobody has one of the metrics, there is no answer at all.
    if (found.length === 0) return [];
    const numbers = found.map(Number).filter((value) => Number.isFinite(value));
    if (numbers.length === 0) continue;
    const entries = [...new Set(wanted)].map((name) => [name, aggregate(name, numbers)] as const);
    answer.push({ id, ...Object.fromEntries(entries) });
  }
  return answer;
}

function listRoute<P extends z.ZodObject>(
  path: string,
  summary: string,
  params: P,
  scopeOf: (params: z.infer<P>) => MetricScope,
): Route {
  return route({
    method: 'GET',
    path,
    role: 'read',
    summary,
    params,
    query: listQuery,
    response: listAnswer,
    handle: async ({ gateway, params: given, query }) =>
      list(await gateway.metrics.values(scopeOf(given)), query.get),
  });
}

function aggregateRoute<P extends z.ZodObject, Q extends z.ZodObject>(
  path: string,
  summary: string,
  params: P,
  filter: Q,
  scopesOf: (
    gateway: RestGateway,
    params: z.infer<P>,
    query: Readonly<Record<string, unknown>>,
  ) => Promise<readonly MetricScope[]>,
): Route {
  const query = z.object({ ...aggregateQuery.shape, ...filter.shape });
  return route({
    method: 'GET',
    path,
    role: 'read',
    summary,
    params,
    query,
    response: aggregateAnswer,
    handle: async ({ gateway, params: given, query: asked }) => {
      const scopes = await scopesOf(gateway, given, asked as Readonly<Record<string, unknown>>);
      const components = await Promise.all(scopes.map((scope) => gateway.metrics.values(scope)));
      const { get, agg } = asked as z.infer<typeof aggregateQuery>;
      return aggregated(components, get, agg);
    },
  });
}

const nothing = z.object({});
const job = z.object({ jobid: s.jobId });
const vertex = job.extend({ vertexid: s.vertexId });
const index = z
  .string()
  .regex(/^\d{1,9}$/, 'not the index of a subtask')
  .transform(Number);
const subtask = vertex.extend({ subtaskindex: index });

/** `1,3,5-9` */
const ranges = words.pipe(
  z.array(
    z
      .string()
      .regex(/^\d{1,9}(-\d{1,9})?$/, 'not an index or a range of indices such as 5-9')
      .transform((text) => {
        const [from, to = from] = text.split('-').map(Number);
        return { from: from ?? 0, to: to ?? 0 };
      }),
  ),
);
type Ranges = z.infer<typeof ranges>;

/** Metrics, from the JobManager's store; see `MetricQuery`. */
export const METRIC_ROUTES: readonly Route[] = [
  listRoute('/jobmanager/metrics', 'Metrics of the JobManager', nothing, () => ({ type: 'jobManager' })),
  aggregateRoute(
    '/taskmanagers/metrics',
    'Metrics of all or some TaskManagers, aggregated',
    nothing,
    z.object({ taskmanagers: words.optional() }),
    async (gateway, _params, { taskmanagers }) => {
      const ids = (await gateway.taskManagers()).map(({ taskManagerId }) => taskManagerId);
      return chosen(ids, taskmanagers).map((taskManagerId) => ({ type: 'taskManager', taskManagerId }));
    },
  ),
  listRoute(
    '/taskmanagers/:taskmanagerid/metrics',
    'Metrics of one TaskManager',
    z.object({ taskmanagerid: s.taskManagerId }),
    ({ taskmanagerid }) => ({ type: 'taskManager', taskManagerId: taskmanagerid }),
  ),
  aggregateRoute(
    '/jobs/metrics',
    'Metrics of all or some jobs, aggregated',
    nothing,
    z.object({ jobs: words.optional() }),
    async (gateway, _params, { jobs }) => {
      const ids = (await gateway.jobs()).map(({ jobId }) => jobId);
      return chosen(ids, jobs).map((jobId) => ({ type: 'job', jobId }));
    },
  ),
  listRoute('/jobs/:jobid/metrics', 'Metrics of one job', job, ({ jobid }) => ({
    type: 'job',
    jobId: jobid,
  })),
  listRoute(
    '/jobs/:jobid/vertices/:vertexid/metrics',
    'Metrics of all subtasks of a vertex, their names begun with the index of the subtask',
    vertex,
    ({ jobid, vertexid }) => ({ type: 'vertex', jobId: jobid, vertexId: vertexid }),
  ),
  aggregateRoute(
    '/jobs/:jobid/vertices/:vertexid/subtasks/metrics',
    'Metrics of all or some subtasks of a vertex, aggregated',
    vertex,
    z.object({ subtasks: ranges.optional() }),
    async (gateway, { jobid, vertexid }, { subtasks }) => {
      const scope = { jobId: jobid, vertexId: vertexid };
      const names = await gateway.metrics.values({ type: 'vertex', ...scope });
      const wanted = subtasks as Ranges | undefined;
      return subtasksOf(names)
        .filter((one) => wanted === undefined || wanted.some(({ from, to }) => one >= from && one <= to))
        .map((subtaskIndex) => ({ type: 'subtask', ...scope, subtaskIndex }));
    },
  ),
  listRoute(
    '/jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/metrics',
    'Metrics of one subtask',
    subtask,
    ({ jobid, vertexid, subtaskindex }) => ({
      type: 'subtask',
      jobId: jobid,
      vertexId: vertexid,
      subtaskIndex: subtaskindex,
    }),
  ),
  listRoute(
    '/jobs/:jobid/vertices/:vertexid/jm-operator-metrics',
    'Metrics of the coordinators of a vertex, in the JobManager',
    vertex,
    ({ jobid, vertexid }) => ({ type: 'coordinator', jobId: jobid, vertexId: vertexid }),
  ),
];

/** Those of the ids that are named, or all. */
function chosen<T extends string>(ids: readonly T[], named: unknown): readonly T[] {
  if (!Array.isArray(named)) return ids;
  return ids.filter((id) => named.includes(id));
}

/** Subtasks that have metrics, by the names of those of their vertex. */
function subtasksOf(values: Values): number[] {
  const indices = new Set([...values.keys()].map((name) => Number(name.slice(0, name.indexOf('.')))));
  return [...indices].toSorted((a, b) => a - b);
}
