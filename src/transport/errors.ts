import { ExternalError, InternalError } from '../base/errors.ts';

export { TransportOverloadedError } from '../ports/transport.ts';

/** Nobody subscribes to the subject of a request. Retryable: the other end may not have started yet. */
export class NoRespondersError extends ExternalError {
  readonly subject: string;

  constructor(subject: string, options: { cause?: unknown } = {}) {
    super(`nobody listens on subject '${subject}'`, options);
    this.subject = subject;
  }
}

/** The transport was closed, by its owner or for good by the other end. Not retryable on this transport. */
export class TransportClosedError extends ExternalError {
  constructor(message = 'the transport is closed', options: { cause?: unknown } = {}) {
    super(message, { retryable: false, ...options });
  }
}

/** There is no connection now; the message was refused, not kept. */
export class TransportDisconnectedError extends ExternalError {
  constructor(server: string, options: { cause?: unknown } = {}) {
    super(`not connected to ${server}: the message was refused, try again after the reconnect`, options);
  }
}

/** A payload exceeds what the transport carries. */
export class MessageTooLargeError extends InternalError {
  readonly size: number;
  readonly limit: number;

  constructor(subject: string, size: number, limit: number) {
    super(
      `the message for subject '${subject}' has ${size} bytes, the transport carries ${limit} at most; split it`,
    );
    this.size = size;
    this.limit = limit;
  }
}

/** A subject or pattern is not well formed; subjects are built in `src/protocol/subjects.ts` from encoded ids only. */
export class InvalidSubjectError extends InternalError {
  constructor(subject: string, reason: string) {
    super(`subject ${JSON.stringify(subject.slice(0, 120))} is invalid: ${reason}`);
  }
}

/** A header name or value is not representable on the wire. */
export class InvalidHeaderError extends InternalError {
  constructor(name: string, reason: string) {
    super(`message header ${JSON.stringify(name.slice(0, 120))} is invalid: ${reason}`);
  }
}
