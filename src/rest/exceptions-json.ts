import type { SerializedError } from '../base/errors.ts';
import type { ExecutionGraphInfo, FailureInfo } from '../protocol/execution-graph-info.ts';
import type { Exceptions, Failure, Throwable } from './job-schemas.ts';

/** Flink's default of `maxExceptions`. */
const DEFAULT_MAX = 20;

type Task = NonNullable<FailureInfo['task']>;

/** Flink's page of a job's failures. */
export function exceptionsJson(job: ExecutionGraphInfo, max = DEFAULT_MAX): Exceptions {
  const [latest] = job.failures;
  const entries = job.failures.slice(0, max).map((failure) => ({
    ...entryJson(job, failure),
    concurrentExceptions: failure.concurrent.map((other) => entryJson(job, other)),
  }));
  const all = job.failures.flatMap(({ at, error, task }) =>
    task === undefined ? [] : [{ at, error, task }],
  );
  return {
    'root-exception': latest === undefined ? null : stackOf(latest.error),
    timestamp: latest?.at ?? null,
    'all-exceptions': all.slice(0, max).map(({ at, error, task }) => ({
      exception: stackOf(error),
      task: taskName(job, task),
      location: task.taskManagerId ?? '(unassigned)',
      endpoint: task.taskManagerId ?? '(unassigned)',
      timestamp: at,
      taskManagerId: task.taskManagerId ?? '(unassigned)',
    })),
    truncated: all.length > max,
    exceptionHistory: { entries, truncated: job.failures.length > max },
  };
}

function entryJson(
  job: ExecutionGraphInfo,
  {
    at,
    error,
    task,
  }: { readonly at: number; readonly error: SerializedError; readonly task?: Task | undefined },
): Failure {
  const place = task?.taskManagerId;
  return {
    exceptionName: exceptionName(error),
    stacktrace: stackOf(error),
    timestamp: at,
    failureLabels: { domain: error.domain },
    ...(task === undefined ? {} : { taskName: taskName(job, task) }),
    ...(place === undefined ? {} : { endpoint: place, location: place, taskManagerId: place }),
  };
}

/** `map (3/8) - execution #1`, as Flink names an attempt. */
function taskName(job: ExecutionGraphInfo, { vertexId, subtaskIndex, attempt }: Task): string {
  const vertex = job.vertices.find((candidate) => candidate.vertexId === vertexId);
  const name = vertex?.name ?? vertexId;
  return `${name} (${subtaskIndex + 1}/${vertex?.parallelism ?? '?'}) - execution #${attempt}`;
}

/** The error and its causes, as a stack trace is written: it is the job's own, and those who read it debug the job. */
export function stackOf(error: SerializedError): string {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\nCaused by: ${stackOf(error.cause)}`;
}

/** Of the cause that all others follow from. */
export function exceptionName(error: SerializedError): string {
  return rootOf(error).name;
}

function rootOf(error: SerializedError): SerializedError {
  return error.cause === undefined ? error : rootOf(error.cause);
}

/** Flink's serialized failure; the Java object in it is one that no JVM can read, so it is left empty. */
export function throwableJson(error: SerializedError): Throwable {
  return { class: error.name, 'stack-trace': stackOf(error), 'serialized-throwable': '' };
}
