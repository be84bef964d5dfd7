/**
 * Errors with a domain and a retry hint; restart strategies and exit codes read only these two.
 *
 * - `user`: the job, its functions, its data or its configuration are wrong; repeating without a change fails again.
 * - `internal`: Millrace broke one of its own rules (a sequence gap, a broken invariant).
 * - `external`: the world did not answer (network, disk, a server); repeating may help.
 */
export type ErrorDomain = 'user' | 'internal' | 'external';

export interface MillraceErrorOptions {
  readonly domain: ErrorDomain;
  /** Whether repeating the same act may succeed. Defaults: user false, internal false, external true. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** Base of every error that Millrace raises. `message` says what, where and what to do. */
export class MillraceError extends Error {
  readonly domain: ErrorDomain;
  readonly retryable: boolean;

  constructor(message: string, options: MillraceErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.domain = options.domain;
    this.retryable = options.retryable ?? options.domain === 'external';
  }
}

/** The job, its functions or its data are wrong. */
export class UserError extends MillraceError {
  constructor(message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, { domain: 'user', ...options });
  }
}

/** A configuration key or value is wrong; the message names the key and, where one is near, the key meant. */
export class ConfigurationError extends UserError {}

/** What is asked for is not there; `name` tells it on the other side of a message. */
export class NotFoundError extends UserError {}

/** Millrace broke one of its own rules. */
export class InternalError extends MillraceError {
  constructor(message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, { domain: 'internal', ...options });
  }
}

/** A server, disk or network did not do what was asked. */
export class ExternalError extends MillraceError {
  constructor(message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, { domain: 'external', ...options });
  }
}

/** A request got no answer before its deadline. */
export class DeadlineExceededError extends ExternalError {}

/** An error as it travels in messages: plain data, causes flattened outermost first, depth bounded. */
export interface SerializedError {
  readonly name: string;
  readonly message: string;
  readonly domain: ErrorDomain;
  readonly retryable: boolean;
  readonly stack?: string;
  readonly cause?: SerializedError;
}

const MAX_CAUSES = 8;

/** Turns anything thrown into plain data. A foreign error counts as `domain` (default `user`: it came out of user code). */
export function serializeError(thrown: unknown, domain: ErrorDomain = 'user', depth = 0): SerializedError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const own = error instanceof MillraceError ? error : undefined;
  return {
    name: error.name,
    message: error.message,
    domain: own?.domain ?? domain,
    retryable: own?.retryable ?? domain !== 'internal',
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= MAX_CAUSES
      ? {}
      : { cause: serializeError(error.cause, own?.domain ?? domain, depth + 1) }),
  };
}

/** Rebuilds an error from a message; class names are kept in `name`, not as prototypes. */
export function deserializeError(data: SerializedError): MillraceError {
  const error = new MillraceError(data.message, {
    domain: data.domain,
    retryable: data.retryable,
    ...(data.cause === undefined ? {} : { cause: deserializeError(data.cause) }),
  });
  error.name = data.name;
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}

/** The innermost cause: what a person must fix. */
export function rootCause(data: SerializedError): SerializedError {
  return data.cause === undefined ? data : rootCause(data.cause);
}
