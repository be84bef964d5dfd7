import { z } from 'zod';
import { jobStatus, executionState } from '../protocol/job-status.ts';
import * as s from '../protocol/schema.ts';
import { ALL_EXECUTION_STATES, ALL_JOB_STATUSES } from './states.ts';

/** Flink's shapes of jobs: `*-json.ts` makes them, routes answer with them, the document of the API shows them by name. */

export const moment = z.int().describe('Milliseconds since the Unix epoch; -1 or 0 where it has not come.');
export const milliseconds = z.int().describe('Milliseconds; -1 where nothing has begun.');

export const stateCounts = z
  .record(z.enum(ALL_EXECUTION_STATES), z.int())
  .meta({ id: 'ExecutionStateCounts', description: 'Every state with its count.' });

export const ioMetrics = z
  .object({
    'read-bytes': z.number(),
    'read-bytes-complete': z.boolean(),
    'write-bytes': z.number(),
    'write-bytes-complete': z.boolean(),
    'read-records': z.number(),
    'read-records-complete': z.boolean(),
    'write-records': z.number(),
    'write-records-complete': z.boolean(),
    'accumulated-backpressured-time': z.int(),
    'accumulated-idle-time': z.int(),
    'accumulated-busy-time': z.int(),
  })
  .meta({ id: 'IOMetrics' });
export type IoMetrics = z.infer<typeof ioMetrics>;

const planInput = z.object({
  num: z.int(),
  id: s.vertexId,
  ship_strategy: z.string(),
  exchange: z.string(),
});

const planNode = z.object({
  id: s.vertexId,
  parallelism: z.int(),
  operator: z.string(),
  operator_strategy: z.string(),
  description: z.string().describe('Escaped for HTML; operators of a chain are parted by <br/>.'),
  inputs: z.array(planInput).optional(),
  optimizer_properties: z.strictObject({}),
});
export type PlanNode = z.infer<typeof planNode>;

const jobType = z.enum(['BATCH', 'STREAMING']);

export const plan = z
  .object({ jid: s.jobId, name: z.string(), type: jobType, nodes: z.array(planNode) })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof plan>;

export const jobOverviewItem = z
  .object({
    jid: s.jobId,
    name: z.string(),
    'start-time': moment,
    'end-time': moment,
    duration: milliseconds,
    state: jobStatus,
    'last-modification': moment,
    tasks: z.record(z.enum(['total', ...ALL_EXECUTION_STATES.map(lower)]), z.int()),
    'pending-operators': z.int(),
    'application-id': s.jobId,
  })
  .meta({ id: 'JobOverviewItem' });
export type JobOverviewItem = z.infer<typeof jobOverviewItem>;

const vertexOverview = z.object({
  id: s.vertexId,
  slotSharingGroupId: z.string(),
  name: z.string(),
  maxParallelism: z.int(),
  parallelism: z.int(),
  status: executionState,
  'start-time': moment,
  'end-time': moment,
  duration: milliseconds,
  tasks: stateCounts,
  metrics: ioMetrics,
});
export type VertexOverview = z.infer<typeof vertexOverview>;

export const jobDetail = z
  .object({
    jid: s.jobId,
    name: z.string(),
    isStoppable: z.boolean(),
    state: jobStatus,
    'job-type': jobType,
    'start-time': moment,
    'end-time': moment,
    duration: milliseconds,
    maxParallelism: z.int(),
    now: moment,
    timestamps: z.record(z.enum(ALL_JOB_STATUSES), moment),
    vertices: z.array(vertexOverview),
    'status-counts': stateCounts,
    plan,
    'pending-operators': z.int(),
  })
  .meta({ id: 'JobDetail' });
export type JobDetail = z.infer<typeof jobDetail>;

export const jobConfig = z.object({
  jid: s.jobId,
  name: z.string(),
  'execution-config': z.object({
    'execution-mode': z.string(),
    'restart-strategy': z.string().describe('For people to read.'),
    'job-parallelism': z.int(),
    'object-reuse-mode': z.boolean(),
    'user-config': z.record(z.string(), z.string()),
  }),
});
export type JobConfig = z.infer<typeof jobConfig>;

export const throwable = z
  .object({
    class: z.string(),
    'stack-trace': z.string(),
    'serialized-throwable': z.literal('').describe('Java serialization is not to be had: always empty.'),
  })
  .meta({ id: 'Throwable' });
export type Throwable = z.infer<typeof throwable>;

const failure = z
  .object({
    exceptionName: z.string(),
    stacktrace: z.string(),
    timestamp: moment,
    failureLabels: z.record(z.string(), z.string()),
    taskName: z.string().optional(),
    endpoint: z.string().optional(),
    location: z.string().optional(),
    taskManagerId: z.string().optional(),
  })
  .meta({ id: 'ExceptionInfo' });
export type Failure = z.infer<typeof failure>;

export const exceptions = z.object({
  'root-exception': z.string().nullable(),
  timestamp: moment.nullable(),
  'all-exceptions': z.array(
    z.object({
      exception: z.string(),
      task: z.string(),
      location: z.string(),
      endpoint: z.string(),
      timestamp: moment,
      taskManagerId: z.string(),
    }),
  ),
  truncated: z.boolean(),
  exceptionHistory: z.object({
    entries: z.array(failure.extend({ concurrentExceptions: z.array(failure) })),
    truncated: z.boolean(),
  }),
});
export type Exceptions = z.infer<typeof exceptions>;

export const executionResult = z.object({
  status: z.object({ id: z.enum(['IN_PROGRESS', 'COMPLETED']) }),
  'job-execution-result': z
    .object({
      id: s.jobId,
      'application-status': z.enum(['SUCCEEDED', 'FAILED', 'CANCELED', 'UNKNOWN']),
      'accumulator-results': z.record(z.string(), z.string()),
      'net-runtime': milliseconds,
      'failure-cause': throwable.optional(),
    })
    .optional(),
});

/** Flink's accumulators; there are none here. */
export const accumulator = z.object({ name: z.string(), type: z.string(), value: z.string() });
export const jobAccumulators = z.object({
  'job-accumulators': z.array(accumulator),
  'user-task-accumulators': z.array(accumulator),
  'serialized-user-task-accumulators': z.record(z.string(), z.string()),
});

function lower<T extends string>(text: T): Lowercase<T> {
  return text.toLowerCase() as Lowercase<T>;
}
