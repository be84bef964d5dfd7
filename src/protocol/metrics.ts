import { z } from 'zod';
import { METRIC_REPORT_PARTS_MAX } from '../base/limits.ts';
import * as s from './schema.ts';

/** Metrics as they travel from where they are measured to reporters and to the JobManager. */

/** What a metric belongs to, by the names of Flink's logical scopes; `jobmanager_job_operator` is a coordinator. */
export const METRIC_SCOPES = [
  'jobmanager',
  'jobmanager_job',
  'jobmanager_job_operator',
  'taskmanager',
  'taskmanager_job',
  'taskmanager_job_task',
  'taskmanager_job_task_operator',
] as const;
export type MetricScope = (typeof METRIC_SCOPES)[number];

/** Also what JSON does not know: a gauge may well be NaN. */
const anyNumber = z.custom<number>((value) => typeof value === 'number', 'not a number');

/** Statistics of a histogram. */
export const histogramValue = z.object({
  count: anyNumber,
  min: anyNumber,
  max: anyNumber,
  mean: anyNumber,
  stddev: anyNumber,
  median: anyNumber,
  p75: anyNumber,
  p90: anyNumber,
  p95: anyNumber,
  p98: anyNumber,
  p99: anyNumber,
  p999: anyNumber,
});
export type HistogramValue = z.infer<typeof histogramValue>;

const name = z.string();
export const metricSample = z.discriminatedUnion('type', [
  z.object({ type: z.literal('counter'), name, value: anyNumber }),
  z.object({ type: z.literal('gauge'), name, value: z.union([anyNumber, z.string(), z.boolean()]) }),
  z.object({ type: z.literal('meter'), name, value: z.object({ rate: anyNumber, count: anyNumber }) }),
  z.object({ type: z.literal('histogram'), name, value: histogramValue }),
]);
export type MetricSample = z.infer<typeof metricSample>;
export type MetricType = MetricSample['type'];

/** The metrics of one group at one moment. */
export const metricSamples = z.object({
  scope: z.enum(METRIC_SCOPES),
  /** By name, without angle brackets: `job_name`, `subtask_index`. */
  variables: z.record(z.string(), z.string()),
  /** Groups below the scope, outermost first: [name], or [key, value] of a variable. */
  path: z.array(z.array(z.string()).min(1).max(2)),
  samples: z.array(metricSample),
});
export type MetricSamples = z.infer<typeof metricSamples>;

/**
 * A TaskManager's metrics, to `mr.<cluster>.metrics`; repeated at `metrics.fetcher.update-interval`, never answered. What is too much
 * for one message comes in parts.
 */
export const metricReport = z.object({
  type: z.literal('metricReport'),
  epoch: s.epoch,
  taskManagerId: s.taskManagerId,
  /** Wall time, ms, of the TaskManager: an older report changes nothing. */
  report: s.instant,
  part: s.index,
  parts: s.positive.max(METRIC_REPORT_PARTS_MAX),
  groups: z.array(metricSamples),
});
export type MetricReport = z.infer<typeof metricReport>;
