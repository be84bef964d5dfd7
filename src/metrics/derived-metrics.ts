import type { MetricValue, MetricValues } from './metric-values.ts';

/** Metrics that are worked out of others when somebody asks, or an alert looks: they are not reported. */
export const DERIVED_JOB_METRICS = {
  numRecordsIn:
    'Sum over all subtasks of the job; so are numRecordsOut, numBytesIn, numBytesOut and their PerSecond twins.',
  backpressureMean:
    'Of the vertex that is blocked most: share of time that its subtasks are blocked, 0 to 1. Also: backpressure_mean.',
  eventTimeLag: 'Largest currentEmitEventTimeLag of the sources, ms.',
  numberOfRestarts: 'As numRestarts.',
} as const;

/** Of each process. */
export const DERIVED_PROCESS_METRICS = {
  jvmHeapUsage: 'Status.JVM.Memory.Heap.Used as a share of Heap.Max, 0 to 1.',
} as const;

const SUMMED = ['numRecordsIn', 'numRecordsOut', 'numBytesIn', 'numBytesOut'].flatMap((name) => [
  name,
  `${name}PerSecond`,
]);

/** Adds what follows from the metrics of a job's subtasks, given by vertex. */
export function deriveJobMetrics(job: MetricValues, vertices: readonly (readonly MetricValues[])[]): void {
  const restarts = job.get('numRestarts');
  if (restarts !== undefined) job.set('numberOfRestarts', restarts);
  const subtasks = vertices.flat();
  if (subtasks.length === 0) return;
  for (const name of SUMMED) {
    const values = subtasks.flatMap((subtask) => numberOf(subtask.get(name)) ?? []);
    job.set(
      name,
      values.reduce((sum, value) => sum + value, 0),
    );
  }
  const blocked = vertices.map((ofVertex) =>
    meanOf(ofVertex.flatMap((subtask) => numberOf(subtask.get('backPressuredTimeMsPerSecond')) ?? [])),
  );
  const backpressureMean = Math.max(0, ...blocked) / 1_000;
  job.set('backpressureMean', backpressureMean);
  job.set('backpressure_mean', backpressureMean);
  const lags = subtasks.flatMap((subtask) =>
    [...subtask].flatMap(([name, value]) =>
      name.endsWith('.currentEmitEventTimeLag') ? (numberOf(value) ?? []) : [],
    ),
  );
  if (lags.length > 0) job.set('eventTimeLag', Math.max(...lags));
}

/** Adds what follows from the metrics of a process. */
export function deriveProcessMetrics(values: MetricValues): void {
  const used = numberOf(values.get('Status.JVM.Memory.Heap.Used'));
  const max = numberOf(values.get('Status.JVM.Memory.Heap.Max'));
  if (used !== undefined && max !== undefined && max > 0) values.set('jvmHeapUsage', used / max);
}

function numberOf(value: MetricValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
