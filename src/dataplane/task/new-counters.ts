import { MIN_WATERMARK } from '../../base/time.ts';
import type { TaskCounters } from './task.ts';

/** Counters of a task that has done nothing yet. */
export function newCounters(): TaskCounters {
  return {
    numRecordsIn: 0,
    numRecordsOut: 0,
    numBytesIn: 0,
    numBytesOut: 0,
    numLateRecordsDropped: 0,
    numWatermarksBackwards: 0,
    numRecordsInErrors: 0,
    numRecordsOutMistyped: 0,
    successfulCommittables: 0,
    retriedCommittables: 0,
    pendingCommittables: 0,
    busyMs: 0,
    backPressuredMs: 0,
    currentInputWatermark: MIN_WATERMARK,
  };
}
