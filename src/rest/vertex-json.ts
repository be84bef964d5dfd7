import type {
  AttemptInfo,
  ExecutionGraphInfo,
  SubtaskInfo,
  VertexInfo,
} from '../protocol/execution-graph-info.ts';
import { aggregates } from './aggregates.ts';
import { endOf, ioMetrics, positionOf, spanOf, startOf } from './io-metrics.ts';
import type { Position } from './io-metrics.ts';
import { countStates } from './job-json.ts';
import type { IoMetrics } from './job-schemas.ts';
import { TIMED_STATES, executionTimestamps, stateCounts, vertexState } from './states.ts';
import type {
  Aggregated,
  SubtaskAttempt,
  SubtaskTimes,
  VertexDetail,
  VertexTaskManagers,
  Watermarks,
} from './vertex-schemas.ts';

/** Said of an attempt that no TaskManager has yet. */
const UNASSIGNED = '(unassigned)';

/** Flink's page of a vertex: its subtasks and what they come to. */
export function vertexDetail(job: ExecutionGraphInfo, vertex: VertexInfo, now: number): VertexDetail {
  const position = positionOf(vertex, job.edges);
  return {
    id: vertex.vertexId,
    name: vertex.name,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    now,
    subtasks: vertex.subtasks.map((subtask) => subtaskJson(subtask.subtaskIndex, subtask, position, now)),
    aggregated: aggregated(vertex.subtasks, position, now),
  };
}

/** Flink's SubtaskAttempt. */
export function subtaskJson(
  subtaskIndex: number,
  attempt: AttemptInfo,
  position: Position,
  now: number,
): SubtaskAttempt {
  const start = startOf(attempt) ?? -1;
  const end = endOf(attempt) ?? -1;
  const endpoint = attempt.taskManagerId ?? UNASSIGNED;
  return {
    subtask: subtaskIndex,
    status: attempt.state,
    attempt: attempt.attempt,
    endpoint,
    host: endpoint,
    'start-time': start,
    start_time: start,
    'end-time': end,
    duration: start === -1 ? -1 : (end === -1 ? now : end) - start,
    metrics: ioMetrics([attempt], position, now),
    'taskmanager-id': endpoint,
    'status-duration': statusDurations(attempt, now),
  };
}

/** How long the attempt was in each state that it passes through; -1 where it was not. */
function statusDurations(attempt: AttemptInfo, now: number): SubtaskAttempt['status-duration'] {
  const { times } = attempt;
  const entered = Object.values(times).toSorted((a, b) => a - b);
  return Object.fromEntries(
    TIMED_STATES.map((state) => {
      const at = times[state];
      if (at === undefined) return [state, -1];
      return [state, (entered.find((other) => other > at) ?? endOf(attempt) ?? now) - at];
    }),
  ) as SubtaskAttempt['status-duration'];
}

function aggregated(attempts: readonly AttemptInfo[], position: Position, now: number): Aggregated {
  const metrics = attempts.map((attempt) => ioMetrics([attempt], position, now));
  const names = metricNames(metrics[0]);
  const durations = attempts.map((attempt) => statusDurations(attempt, now));
  return {
    metrics: Object.fromEntries(
      names.map((name) => [name, aggregates(metrics.map((one) => Number(one[name])))]),
    ),
    'status-duration': Object.fromEntries(
      TIMED_STATES.map((state) => [
        state,
        aggregates(durations.map((one) => one[state]).filter((ms) => ms >= 0)),
      ]),
    ) as Aggregated['status-duration'],
  };
}

function metricNames(metrics: IoMetrics | undefined): (keyof IoMetrics)[] {
  const names = Object.keys(metrics ?? {}) as (keyof IoMetrics)[];
  return names.filter((name) => !name.endsWith('-complete'));
}

/** The subtasks of a vertex by the TaskManager that they run on. */
export function vertexTaskManagers(
  job: ExecutionGraphInfo,
  vertex: VertexInfo,
  now: number,
): VertexTaskManagers {
  const position = positionOf(vertex, job.edges);
  const byTaskManager = Map.groupBy(vertex.subtasks, ({ taskManagerId }) => taskManagerId ?? UNASSIGNED);
  const taskmanagers = [...byTaskManager].map(([endpoint, subtasks]) => {
    const states = subtasks.map(({ state }) => state);
    return {
      endpoint,
      host: endpoint,
      'taskmanager-id': endpoint,
      status: vertexState(states),
      ...spanOf(subtasks, now),
      metrics: ioMetrics(subtasks, position, now),
      'status-counts': stateCounts(countStates(states)),
      aggregated: aggregated(subtasks, position, now),
    };
  });
  return { id: vertex.vertexId, name: vertex.name, now, taskmanagers };
}

export function subtaskTimes(vertex: VertexInfo, now: number): SubtaskTimes {
  const subtasks = vertex.subtasks.map((subtask) => {
    const endpoint = subtask.taskManagerId ?? UNASSIGNED;
    const start = startOf(subtask);
    return {
      subtask: subtask.subtaskIndex,
      endpoint,
      host: endpoint,
      duration: start === undefined ? -1 : (endOf(subtask) ?? now) - start,
      timestamps: executionTimestamps(subtask.times),
    };
  });
  return { id: vertex.vertexId, name: vertex.name, now, subtasks };
}

/** Flink's `Long.MIN_VALUE`, which no JavaScript number can hold: there is no watermark yet. */
const NO_WATERMARK = '-9223372036854775808';

export function watermarks(vertex: VertexInfo): Watermarks {
  return vertex.subtasks
    .filter(({ counters }) => counters !== undefined)
    .map(({ subtaskIndex, counters }) => {
      const value = counters?.currentInputWatermark ?? Number.NEGATIVE_INFINITY;
      const shown = Number.isSafeInteger(value)
        ? String(value)
        : value > 0
          ? '9223372036854775807'
          : NO_WATERMARK;
      return { id: `${subtaskIndex}.currentInputWatermark`, value: shown };
    });
}

/** The present attempt, or an earlier one that is still remembered. */
export function attemptOf(subtask: SubtaskInfo, attempt: number): AttemptInfo | undefined {
  return subtask.attempt === attempt ? subtask : subtask.previous.find((one) => one.attempt === attempt);
}
