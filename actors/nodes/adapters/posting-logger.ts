import { serializeError } from '../../../src/base/errors.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import type { SlotThreadFact } from './slot-thread-protocol.ts';

/** Hands log lines of a slot thread to the main thread, which writes them. */
export class PostingLogger implements Logger {
  readonly #post: (fact: SlotThreadFact) => void;
  readonly #fields: LogFields;

  constructor(post: (fact: SlotThreadFact) => void, fields: LogFields = {}) {
    this.#post = post;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }

  child(fields: LogFields): Logger {
    return new PostingLogger(this.#post, { ...this.#fields, ...fields });
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields = {}): void {
    const all = JSON.stringify({ ...this.#fields, ...fields }, (_, value: unknown) =>
      value instanceof Error ? serializeError(value) : typeof value === 'bigint' ? String(value) : value,
    );
    this.#post({ type: 'log', level, message, fields: all });
  }
}
