import type { AttemptInfo, VertexInfo } from '../protocol/execution-graph-info.ts';
import type { IoMetrics } from './job-schemas.ts';

/** Where a vertex stands in its job: what comes in at sources and goes out of sinks is no traffic of the job. */
export interface Position {
  readonly isSource: boolean;
  readonly isSink: boolean;
}

/** Flink's IoMetrics of attempts taken together; times in ms. */
export function ioMetrics(
  attempts: readonly AttemptInfo[],
  { isSource, isSink }: Position,
  now: number,
): IoMetrics {
  let [readBytes, writeBytes, readRecords, writeRecords, backPressured, busy, idle] = [0, 0, 0, 0, 0, 0, 0];
  let complete = true;
  for (const attempt of attempts) {
    const { counters } = attempt;
    if (counters === undefined) {
      complete &&= attempt.times.RUNNING === undefined;
      continue;
    }
    readBytes += counters.numBytesIn;
    writeBytes += counters.numBytesOut;
    readRecords += counters.numRecordsIn;
    writeRecords += counters.numRecordsOut;
    backPressured += counters.backPressuredMs;
    busy += counters.busyMs;
    idle += Math.max(0, runningTime(attempt, now) - counters.busyMs - counters.backPressuredMs);
  }
  return {
    'read-bytes': isSource ? 0 : readBytes,
    'read-bytes-complete': complete,
    'write-bytes': isSink ? 0 : writeBytes,
    'write-bytes-complete': complete,
    'read-records': isSource ? 0 : readRecords,
    'read-records-complete': complete,
    'write-records': isSink ? 0 : writeRecords,
    'write-records-complete': complete,
    'accumulated-backpressured-time': Math.round(backPressured),
    'accumulated-idle-time': Math.round(idle),
    'accumulated-busy-time': Math.round(busy),
  };
}

/** How long an attempt has been running, ms. */
function runningTime(attempt: AttemptInfo, now: number): number {
  const { RUNNING: begun } = attempt.times;
  return begun === undefined ? 0 : (endOf(attempt) ?? now) - begun;
}

/** When an attempt ended; undefined while it goes on. */
export function endOf({ times }: AttemptInfo): number | undefined {
  return times.FINISHED ?? times.CANCELED ?? times.FAILED;
}

/** When an attempt was deployed. */
export function startOf({ times }: AttemptInfo): number | undefined {
  return times.DEPLOYING ?? times.INITIALIZING ?? times.RUNNING;
}

/** When a vertex began, ended (-1: not yet), and how long that took until now. */
export function spanOf(
  attempts: readonly AttemptInfo[],
  now: number,
): { readonly 'start-time': number; readonly 'end-time': number; readonly duration: number } {
  const starts = attempts.map(startOf).filter((at) => at !== undefined);
  if (starts.length === 0) return { 'start-time': -1, 'end-time': -1, duration: -1 };
  const start = Math.min(...starts);
  const ends = attempts.map(endOf);
  const end = ends.every((at) => at !== undefined) ? Math.max(...ends) : -1;
  return { 'start-time': start, 'end-time': end, duration: (end === -1 ? now : end) - start };
}

export function positionOf(vertex: VertexInfo, edges: readonly { readonly source: string }[]): Position {
  return { isSource: vertex.isSource, isSink: !edges.some(({ source }) => source === vertex.vertexId) };
}
