import { MillraceError } from '../../base/errors.ts';

/** The marker of a sink's commits is not in the stream: what was committed cannot be known. */
export class CommitMarkerLostError extends MillraceError {
  constructor(stream: string, subject: string) {
    super(
      `the stream "${stream}" has no message on ${subject}, where this sink notes its commits: it was deleted, purged or has aged ` +
        'out, and records could be lost or come twice; give the stream limits that spare it, and begin with a new job',
      { domain: 'external', retryable: false },
    );
  }
}

/** Nobody can tell any more whether messages were stored: the stream's memory of them is shorter than the time since. */
export class OutageTooLongError extends MillraceError {
  constructor(ageMs: number, maximumOutageMs: number) {
    super(
      `what a checkpoint prepared ${Math.round(ageMs / 1000)} s ago may have been published, and the sink's maximumOutage is ` +
        `${Math.round(maximumOutageMs / 1000)} s: published again, it could come twice`,
      { domain: 'external', retryable: false },
    );
  }
}

/** The stream is not the one that the job read before. */
export class StreamRecreatedError extends MillraceError {
  constructor(stream: string, before: string, now: string) {
    super(
      `the stream "${stream}" was created at ${now}, and the checkpoint read one created at ${before}: its sequence numbers mean ` +
        'other messages; start the job without this state, or restore the stream from its backup',
      { domain: 'external', retryable: false },
    );
  }
}

/** The stream ends before what the job has read: a part of it was lost. */
export class StreamTruncatedError extends MillraceError {
  constructor(stream: string, next: number, last: number) {
    super(
      `the stream "${stream}" ends at sequence ${last}, and the checkpoint had read up to ${next - 1}: it lost messages; ` +
        'start the job without this state, or restore the stream from its backup',
      { domain: 'external', retryable: false },
    );
  }
}

/** Messages that the job has not read were removed from the stream. */
export class MessagesLostError extends MillraceError {
  constructor(stream: string, next: number, first: number) {
    super(
      `the stream "${stream}" begins at sequence ${first}, and the next message to read is ${next}: the ones between were removed ` +
        'before they were read; let the stream keep messages longer, or go on without them with lostMessages: "skip"',
      { domain: 'external', retryable: false },
    );
  }
}
