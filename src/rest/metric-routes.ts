import { z } from 'zod';
import type { MetricScope } from './metric-query.ts';
import type { RestGateway } from './gateway.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { jobParams, subtaskParams, taskManagerParams, vertexParams } from './schemas.ts';

const AGGREGATIONS = ['min', 'max', 'sum', 'avg', 'skew'] as const;
type Aggregation = (typeof AGGREGATIONS)[number];

const list = z
  .string()
  .max(16_384)
  .transform((text) => text.split(',').filter((part) => part !== ''));

const getQuery = z.object({ get: list.optional() });
const aggregateQuery = getQuery.extend({
  agg: list.pipe(z.array(z.enum(AGGREGATIONS))).optional(),
  taskmanagers: list.optional(),
  jobs: list.optional(),
  subtasks: list
    .pipe(z.array(z.string().regex(/^\d{1,9}(-\d{1,9})?$/, 'not an index or a range of indices such as 5-9')))
    .optional(),
});

/** Names alone, where none is asked for. */
const metricValues = z.array(z.object({ id: z.string(), value: z.string().optional() }));
const metricAggregates = z.array(
  z.object({
    id: z.string(),
    min: z.number().optional(),
    max: z.number().optional(),
    sum: z.number().optional(),
    avg: z.number().optional(),
    skew: z.number().optional(),
  }),
);

type Values = ReadonlyMap<string, number | string>;

/** Metrics by name, of one component or over several. */
export const METRIC_ROUTES: readonly Route[] = [
  ofOne('/jobmanager/metrics', z.object({}), () => ({ type: 'jobManager' })),
  ofMany('/taskmanagers/metrics', z.object({}), async (gateway, _params, query) => {
    const all = (await gateway.taskManagers()).map(({ taskManagerId }) => taskManagerId);
    const wanted = all.filter((id) => query.taskmanagers?.includes(id) ?? true);
    return wanted.map((taskManagerId) => ({ type: 'taskManager', taskManagerId }));
  }),
  ofOne('/taskmanagers/:taskmanagerid/metrics', taskManagerParams, ({ taskmanagerid }) => ({
    type: 'taskManager',
    taskManagerId: taskmanagerid,
  })),
  ofMany('/jobs/metrics', z.object({}), async (gateway, _params, query) => {
    const all = (await gateway.jobs()).map(({ jobId }) => jobId);
    const wanted = all.filter((id) => query.jobs?.includes(id) ?? true);
    return wanted.map((jobId) => ({ type: 'job', jobId }));
  }),
  ofOne('/jobs/:jobid/metrics', jobParams, ({ jobid }) => ({ type: 'job', jobId: jobid })),
  ofOne('/jobs/:jobid/vertices/:vertexid/metrics', vertexParams, ({ jobid, vertexid }) => ({
    type: 'vertex',
    jobId: jobid,
    vertexId: vertexid,
  })),
  ofMany(
    '/jobs/:jobid/vertices/:vertexid/subtasks/metrics',
    vertexParams,
    async (gateway, { jobid, vertexid }, query) => {
      const vertex = (await gateway.job(jobid)).vertices.find(({ vertexId }) => vertexId === vertexid);
      const indexes = Array.from({ length: vertex?.parallelism ?? 0 }, (_, index) => index);
      const wanted = indexes.filter(
        (index) => query.subtasks === undefined || inRanges(query.subtasks, index),
      );
      return wanted.map((subtaskIndex) => ({
        type: 'subtask',
        jobId: jobid,
        vertexId: vertexid,
        subtaskIndex,
      }));
    },
  ),
  ofOne(
    '/jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/metrics',
    subtaskParams,
    ({ jobid, vertexid, subtaskindex }) => ({
      type: 'subtask',
      jobId: jobid,
      vertexId: vertexid,
      subtaskIndex: subtaskindex,
    }),
  ),
  ofOne('/jobs/:jobid/vertices/:vertexid/jm-operator-metrics', vertexParams, ({ jobid, vertexid }) => ({
    type: 'coordinator',
    jobId: jobid,
    vertexId: vertexid,
  })),
];

function ofOne<P extends z.ZodObject>(
  path: string,
  params: P,
  scope: (params: z.infer<P>) => MetricScope,
): Route {
  return route({
    method: 'GET',
    path,
    role: 'read',
    summary: 'Names of metrics; with get their values, as text.',
    params,
    query: getQuery,
    response: metricValues,
    handle: async ({ gateway, params: given, query }) => {
      const values = await gateway.metrics.values(scope(given));
      if (query.get === undefined) return [...values.keys()].map((id) => ({ id }));
      return query.get.flatMap((id) => {
        const value = values.get(id);
        return value === undefined ? [] : [{ id, value: textOf(value) }];
      });
    },
  });
}

function ofMany<P extends z.ZodObject>(
  path: string,
  params: P,
  scopes: (
    gateway: RestGateway,
    params: z.infer<P>,
    query: z.infer<typeof aggregateQuery>,
  ) => Promise<MetricScope[]>,
): Route {
  return route({
    method: 'GET',
    path,
    role: 'read',
    summary: 'Names of metrics; with get their aggregates over several components, as numbers.',
    params,
    query: aggregateQuery,
    response: metricAggregates,
    handle: async ({ gateway, params: given, query }) => {
      const wanted = await scopes(gateway, given, query);
      const all = await Promise.all(wanted.map((scope) => gateway.metrics.values(scope)));
      if (query.get === undefined) {
        const names = new Set(all.flatMap((values) => [...values.keys()]));
        return [...names].map((id) => ({ id }));
      }
      const rows = query.get.map((id) => aggregate(id, all, query.agg ?? AGGREGATIONS));
      return rows.includes('unknown') ? [] : rows.filter((row) => typeof row === 'object');
    },
  });
}

/** Flink's watermarks are whole numbers of 64 bits, which a double cannot hold to the last digit. */
function textOf(value: number | string): string {
  if (value === 2 ** 63) return '9223372036854775807';
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

/** As Flink, a metric that nobody has voids the whole answer, and one that is no number is left out. */
function aggregate(
  id: string,
  all: readonly Values[],
  wanted: readonly Aggregation[],
): ({ id: string } & Partial<Record<Aggregation, number>>) | 'unknown' | 'no number' {
  const found = all.flatMap((values) => values.get(id) ?? []);
  if (found.length === 0) return 'unknown';
  const numbers = found
    .filter((value) => value !== '')
    .map(Number)
    .filter(Number.isFinite);
  if (numbers.length === 0) return 'no number';
  const sum = numbers.reduce((total, value) => total + value, 0);
  const results: Record<Aggregation, number> = {
    min: Math.min(...numbers),
    max: Math.max(...numbers),
    sum,
    avg: sum / numbers.length,
    skew: skewOf(numbers, sum / numbers.length),
  };
  return { id, ...Object.fromEntries(wanted.map((name) => [name, results[name]])) };
}

/** Percent by which values lie off their mean, 0 to 100: Flink's measure of data skew. */
export function skewOf(numbers: readonly number[], mean: number): number {
  if (numbers.length < 2 || mean === 0) return 0;
  const deviation = numbers.reduce((total, value) => total + Math.abs(mean - value), 0) / numbers.length;
  return Math.min(100, (deviation / Math.abs(mean)) * 100);
}

/** Whether an index is in `1,3,5-9`. */
function inRanges(ranges: readonly string[], index: number): boolean {
  return ranges.some((range) => {
    const [from = '', to = from] = range.split('-');
    return index >= Number(from) && index <= Number(to);
  });
}
