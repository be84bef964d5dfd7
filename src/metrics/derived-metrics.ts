import type { SubtaskMetrics } from './metric-store.ts';
import type { MetricValue, MetricValues } from './metric-values.ts';

/** Metrics that are worked out of others when somebody asks, or an alert looks: they are not reported. */
export const DERIVED_JOB_METRICS = {
  numRecordsIn:
    'Sum over all subtasks of the job; so are numRecordsOut, numBytesIn, numBytesOut and their PerSecond twins.',
  backpressureMean:
    'Of the vertex that is blocked most: share of time that its subtasks are blocked, 0 to 1. Also: backpressure_mean.',
  eventTimeLag: 'Largest currentEmitEventTimeLag of the sources, ms.',
  bytesInPerSecond: 'As numBytesInPerSecond; bytesOutPerSecond as numBytesOutPerSecond.',
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
export function deriveJobMetrics(
  job: MetricValues,
  vertices: Iterable<ReadonlyMap<number, SubtaskMetrics>>,
): void {
  const restarts = job.get('numRestarts');
  if (restarts !== undefined) job.set('numberOfRestarts', restarts);
  const sums = SUMMED.map(() => 0);
  let [backpressureMean, eventTimeLag] = [0, Number.NEGATIVE_INFINITY];
  let any = false;
  for (const subtasks of vertices) {
    let blocked = 0;
    for (const { values, eventTimeLag: lag } of subtasks.values()) {
      any = true;
      for (const [index, name] of SUMMED.entries())
        sums[index] = (sums[index] ?? 0) + numberOf(values.get(name));
      blocked += numberOf(values.get('backPressuredTimeMsPerSecond'));
      if (lag !== undefined) eventTimeLag = Math.max(eventTimeLag, lag);
    }
    backpressureMean = Math.max(backpressureMean, blocked / Math.max(1, subtasks.size) / 1_000);
  }
  if (!any) return;
  for (const [index, name] of SUMMED.entries()) job.set(name, sums[index] ?? 0);
  job.set('bytesInPerSecond', job.get('numBytesInPerSecond') ?? 0);
  job.set('bytesOutPerSecond', job.get('numBytesOutPerSecond') ?? 0);
  job.set('backpressureMean', backpressureMean);
  job.set('backpressure_mean', backpressureMean);
  if (Number.isFinite(eventTimeLag)) job.set('eventTimeLag', eventTimeLag);
}

/** Adds what follows from the metrics of a process. */
export function deriveProcessMetrics(values: MetricValues): void {
  const used = numberOf(values.get('Status.JVM.Memory.Heap.Used'));
  const max = numberOf(values.get('Status.JVM.Memory.Heap.Max'));
  if (max > 0) values.set('jvmHeapUsage', used / max);
}

function numberOf(value: MetricValue | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
