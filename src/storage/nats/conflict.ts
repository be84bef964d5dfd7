import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';

/** Whether a conditional write was refused since another one was first. */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  return (
    error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown
  );
}
