import { types } from 'node:util';
import { UserError } from '../../base/errors.ts';
import { MAX_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import type { TimestampAssigner } from '../../functions/watermark.ts';
import type { TaskCounters } from '../task/task.ts';

/** Wraps an assigner so that what it returns is a time. @throws UserError for a missing or NaN timestamp */
export function checkedTimestamp(timestamp: unknown): number {
  if (typeof timestamp === 'number' && timestamp >= NO_TIMESTAMP && timestamp < MAX_WATERMARK)
    return timestamp;
  const what = types.isDate(timestamp) ? 'a Date (return date.getTime())' : String(timestamp);
  throw new UserError(
    `the timestamp assigner returned ${what}: it must return the event time of the record as a finite number of ms since ` +
      `1970 (below ${MAX_WATERMARK}); correct the assigner, or filter out records that have no time`,
  );
}

/**
 * What a generator says the watermark is, `before` or later: one that goes back is counted, and changes nothing.
 * @throws UserError when it is no number
 */
export function nextWatermark(generated: unknown, before: number, counters: TaskCounters): number {
  if (typeof generated !== 'number' || Number.isNaN(generated)) {
    throw new UserError(
      `the watermark generator returned ${String(generated)} from currentWatermark(): it must return ms since 1970, or ` +
        'Number.MIN_SAFE_INTEGER while it knows none',
    );
  }
  if (generated >= before) return generated;
  counters.numWatermarksBackwards += 1;
  return before;
}

/** The assigner of a strategy in the form hot loops call. */
export function timestampOf(assigner: TimestampAssigner<unknown> | undefined): TimestampAssigner<unknown> {
  if (assigner === undefined) return (_value, timestamp) => timestamp;
  return (value, recordTimestamp) => {
    const timestamp = assigner(value, recordTimestamp);
    // False for NaN, infinities and everything that is no number; what stands for the end of time is no time of a record.
    if (timestamp >= NO_TIMESTAMP && timestamp < MAX_WATERMARK && typeof timestamp === 'number')
      return timestamp;
    return checkedTimestamp(timestamp);
  };
}
