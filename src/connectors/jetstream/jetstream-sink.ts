import { UserError } from '../../base/errors.ts';
import type { SerializationSchema } from '../../formats/schema.ts';
import type { Sink, SinkWriter } from '../../functions/sink.ts';
import type { ResolvedConnection } from '../../transport/nats/options.ts';
import { connectTo, resolveServers } from './connection.ts';
import type { JetStreamConnectionOptions } from './connection.ts';
import { Publisher } from './publisher.ts';

export interface JetStreamSinkOptions<T> extends JetStreamConnectionOptions {
  /** Where to publish: one subject, or one for each record. A stream must listen on it. */
  readonly subject: string | ((value: T) => string);
  readonly serializer: SerializationSchema<T>;
  /** Names a record, so that the server drops one that comes again within the stream's duplicate window. */
  readonly messageId?: (value: T) => string;
}

/**
 * Publishes records to JetStream, many under way at a time, in order. At least once: after a failure records since the last
 * checkpoint are published again. A flush waits until the server has stored everything.
 */
export class JetStreamSink<T> implements Sink<T> {
  readonly #servers: ResolvedConnection;
  readonly #subjectOf: (value: T) => string;
  readonly #serializer: SerializationSchema<T>;
  readonly #messageId: ((value: T) => string) | undefined;

  /** @throws ConfigurationError for a malformed URL, UserError for a subject nobody can publish to */
  constructor(options: JetStreamSinkOptions<T>) {
    const { subject } = options;
    this.#servers = resolveServers(options, 'millrace-sink');
    this.#subjectOf =
      typeof subject === 'string' ? constant(checkSubject(subject)) : (value) => checkSubject(subject(value));
    this.#serializer = options.serializer;
    this.#messageId = options.messageId;
  }

  async createWriter(): Promise<SinkWriter<T>> {
    const publisher = new Publisher(await connectTo(this.#servers), this.#servers);
    return {
      write: (value) => {
        publisher.publish(
          this.#subjectOf(value),
          this.#serializer.serialize(value),
          this.#messageId?.(value),
        );
      },
      pending: () => publisher.pending(),
      flush: () => publisher.flush(),
      close: () => publisher.close(),
    };
  }
}

function constant<T>(value: T): () => T {
  return () => value;
}

function checkSubject(subject: string): string {
  if (/^[^\s.*>]+(\.[^\s.*>]+)*$/.test(subject)) return subject;
  throw new UserError(
    `cannot publish to the subject "${subject}": it needs tokens without blanks, "*" and ">", joined by dots`,
  );
}
