import { z } from 'zod';
import { executionState } from '../protocol/job-status.ts';
import * as s from '../protocol/schema.ts';
import { accumulator, ioMetrics, milliseconds, moment, stateCounts } from './job-schemas.ts';
import { ALL_EXECUTION_STATES, TIMED_STATES } from './states.ts';

/** Flink's shapes of a vertex and its subtasks. */

const aggregate = z
  .object({
    min: z.number(),
    max: z.number(),
    avg: z.number(),
    sum: z.number(),
    median: z.number(),
    p25: z.number(),
    p75: z.number(),
    p95: z.number(),
  })
  .meta({ id: 'Aggregate' });
export type Aggregate = z.infer<typeof aggregate>;

export const aggregated = z
  .object({
    metrics: z.record(z.string(), aggregate),
    'status-duration': z.record(z.enum(TIMED_STATES), aggregate),
  })
  .meta({ id: 'AggregatedSubtasks' });
export type Aggregated = z.infer<typeof aggregated>;

export const subtaskAttempt = z
  .object({
    subtask: z.int(),
    status: executionState,
    attempt: z.int(),
    endpoint: z.string(),
    host: z.string(),
    'start-time': moment,
    start_time: moment,
    'end-time': moment,
    duration: milliseconds,
    metrics: ioMetrics,
    'taskmanager-id': z.string(),
    'status-duration': z.record(z.enum(TIMED_STATES), milliseconds),
  })
  .meta({ id: 'SubtaskAttempt' });
export type SubtaskAttempt = z.infer<typeof subtaskAttempt>;

export const vertexDetail = z.object({
  id: s.vertexId,
  name: z.string(),
  parallelism: z.int(),
  maxParallelism: z.int(),
  now: moment,
  subtasks: z.array(subtaskAttempt),
  aggregated,
});
export type VertexDetail = z.infer<typeof vertexDetail>;

export const vertexTaskManagers = z.object({
  id: s.vertexId,
  name: z.string(),
  now: moment,
  taskmanagers: z.array(
    z.object({
      endpoint: z.string(),
      host: z.string(),
      'taskmanager-id': z.string(),
      status: executionState,
      'start-time': moment,
      'end-time': moment,
      duration: milliseconds,
      metrics: ioMetrics,
      'status-counts': stateCounts,
      aggregated,
    }),
  ),
});
export type VertexTaskManagers = z.infer<typeof vertexTaskManagers>;

export const subtaskTimes = z.object({
  id: s.vertexId,
  name: z.string(),
  now: moment,
  subtasks: z.array(
    z.object({
      subtask: z.int(),
      endpoint: z.string(),
      host: z.string(),
      duration: milliseconds,
      timestamps: z.record(z.enum(ALL_EXECUTION_STATES), moment),
    }),
  ),
});
export type SubtaskTimes = z.infer<typeof subtaskTimes>;

export const watermarks = z.array(
  z.object({ id: z.string(), value: z.string().describe('A whole number of 64 bits.') }),
);
export type Watermarks = z.infer<typeof watermarks>;

export const vertexAccumulators = z.object({ id: s.vertexId, 'user-accumulators': z.array(accumulator) });
export const subtasksAccumulators = z.object({
  id: s.vertexId,
  parallelism: z.int(),
  subtasks: z.array(
    z.object({
      subtask: z.int(),
      attempt: z.int(),
      endpoint: z.string(),
      host: z.string(),
      'user-accumulators': z.array(accumulator),
    }),
  ),
});
export const attemptAccumulators = z.object({
  subtask: z.int(),
  attempt: z.int(),
  id: s.vertexId,
  'user-accumulators': z.array(accumulator),
});

const level = z.enum(['ok', 'low', 'high']);
const share = z.number().min(0).max(1);

/** Without figures there is nothing but `status: "deprecated"`. */
export const backpressure = z.object({
  status: z.enum(['ok', 'deprecated']),
  backpressureLevel: level.optional(),
  'backpressure-level': level.optional(),
  'end-timestamp': moment.optional(),
  backpressure_mean: share.optional(),
  subtasks: z
    .array(
      z.object({
        subtask: z.int(),
        backpressureLevel: level,
        'backpressure-level': level,
        ratio: share,
        idleRatio: share,
        busyRatio: share,
      }),
    )
    .optional(),
});
export type Backpressure = z.infer<typeof backpressure>;

/** A frame and what it called, to any depth. */
export interface FlameGraphFrame {
  readonly name: string;
  readonly value: number;
  readonly children: FlameGraphFrame[];
}

const flameGraphFrame = z
  .object({
    name: z.string(),
    value: z.number(),
    get children(): z.ZodArray<z.ZodType<FlameGraphFrame>> {
      return z.array(flameGraphFrame);
    },
  })
  .meta({ id: 'FlameGraphFrame' });

export const flameGraph = z.object({
  endTimestamp: z.number().describe('Without data a mark: -1 ended, -2 switched off, -3 no samples yet.'),
  data: flameGraphFrame.nullable(),
});
export type FlameGraphPage = z.infer<typeof flameGraph>;
