import type { LogFields, Logger } from '../../src/ports/logger.ts';
import type { TraceScope } from './trace-scope.ts';

/** Adds to each line the trace on whose behalf it is written, so that logs and traces lead to each other. */
export class TracedLogger implements Logger {
  readonly #logger: Logger;
  readonly #scope: TraceScope;

  constructor(logger: Logger, scope: TraceScope) {
    this.#logger = logger;
    this.#scope = scope;
  }

  debug(message: string, fields?: LogFields): void {
    this.#logger.debug(message, this.#traced(fields));
  }

  info(message: string, fields?: LogFields): void {
    this.#logger.info(message, this.#traced(fields));
  }

  warn(message: string, fields?: LogFields): void {
    this.#logger.warn(message, this.#traced(fields));
  }

  error(message: string, fields?: LogFields): void {
    this.#logger.error(message, this.#traced(fields));
  }

  child(fields: LogFields): Logger {
    return new TracedLogger(this.#logger.child(fields), this.#scope);
  }

  #traced(fields: LogFields | undefined): LogFields | undefined {
    const [, traceId] = this.#scope.current?.split('-') ?? [];
    return traceId === undefined ? fields : { ...fields, traceId };
  }
}
