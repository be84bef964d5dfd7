import { types } from 'node:util';
import { UserError } from '../../base/errors.ts';
import type { TimestampAssigner } from '../../functions/watermark.ts';

/** Wraps an assigner so that what it returns is a time. @throws UserError for a missing or NaN timestamp */
export function checkedTimestamp(timestamp: unknown): number {
  if (typeof timestamp === 'number' && Number.isFinite(timestamp)) return timestamp;
  const what = types.isDate(timestamp) ? 'a Date (return date.getTime())' : String(timestamp);
  throw new UserError(
    `the timestamp assigner returned ${what}: it must return the event time of the record as a finite number of ms`,
  );
}

/** The assigner of a strategy in the form hot loops call. */
export function timestampOf(assigner: TimestampAssigner<unknown> | undefined): TimestampAssigner<unknown> {
  if (assigner === undefined) return (_value, timestamp) => timestamp;
  return (value, recordTimestamp) => {
    const timestamp = assigner(value, recordTimestamp);
    // False for NaN, infinities and everything that is no number.
    if (timestamp - timestamp === 0 && typeof timestamp === 'number') return timestamp;
    return checkedTimestamp(timestamp);
  };
}
