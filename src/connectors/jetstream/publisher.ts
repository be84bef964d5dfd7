import { createInbox, headers } from '@nats-io/nats-core';
import type { Msg, NatsConnection, Subscription } from '@nats-io/nats-core';
import { ExternalError, UserError } from '../../base/errors.ts';
import {
  JETSTREAM_ACK_TIMEOUT_MS,
  JETSTREAM_PUBLISH_BYTES,
  JETSTREAM_PUBLISH_WINDOW,
} from '../../base/limits.ts';
import type { ResolvedConnection } from '../../transport/nats/options.ts';
import { jetStreamError } from './connection.ts';
import { RECORDS_HEADER } from './record-pack.ts';

const NO_RESPONDERS = 503;
/** How often the age of the oldest publish is looked at. */
const AGE_CHECK_MS = JETSTREAM_ACK_TIMEOUT_MS / 10;

/** What goes into a message's headers, and who wants to know what became of it. */
export interface PublishFields {
  /** The stream drops a message whose id it knows. */
  readonly messageId?: string | undefined;
  /** Number of packed records; 0 for none. */
  readonly records?: number;
  /** The stream had a message of this id. */
  readonly onDuplicate?: () => void;
}

interface Outstanding {
  readonly subject: string;
  readonly bytes: number;
  readonly sentAt: number;
  readonly onDuplicate: (() => void) | undefined;
}

interface Acknowledgement {
  readonly duplicate?: boolean;
  readonly error?: { readonly description?: string; readonly err_code?: number };
}

/**
 * Publishes with a window of messages whose acknowledgement is awaited. One subscription takes all acknowledgements, so that
 * a record costs no promise. The first failure is kept and thrown from then on.
 */
export class Publisher {
  readonly #connection: NatsConnection;
  readonly #servers: ResolvedConnection;
  readonly #inbox = createInbox();
  readonly #acks: Subscription;
  readonly #age: NodeJS.Timeout;
  /** In the order published. */
  readonly #outstanding = new Map<number, Outstanding>();
  #published = 0;
  #bytes = 0;
  #outstandingBytes = 0;
  #failure: Error | undefined;
  #waiters: {
    readonly below: number;
    readonly belowBytes: number;
    readonly resolve: () => void;
    readonly reject: (error: Error) => void;
  }[] = [];

  constructor(connection: NatsConnection, servers: ResolvedConnection) {
    this.#connection = connection;
    this.#servers = servers;
    this.#acks = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null) this.#fail(jetStreamError('publish', servers, error));
        else this.#acknowledge(message);
      },
    });
    this.#age = setInterval(() => this.#checkAge(), AGE_CHECK_MS);
    this.#age.unref();
    connection.closed().then(
      (error) =>
        this.#fail(jetStreamError('publish', servers, error ?? new Error('the connection was closed'))),
      (error: unknown) => this.#fail(jetStreamError('publish', servers, error)),
    );
  }

  /** @throws what an earlier publish met; UserError for a message that is too large */
  publish(subject: string, payload: Uint8Array, fields: PublishFields = {}): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#published += 1;
    const reply = `${this.#inbox}.${this.#published}`;
    try {
      const header = headerOf(fields);
      if (header === undefined) this.#connection.publish(subject, payload, { reply });
      else this.#connection.publish(subject, payload, { reply, headers: header });
    } catch (error) {
      const limit = this.#connection.info?.max_payload ?? Infinity;
      if (payload.length >= limit) {
        throw new UserError(
          `a message of ${payload.length} bytes for ${subject} is too large: the server takes ${limit}`,
          {
            cause: error,
          },
        );
      }
      throw jetStreamError(`publish to ${subject}`, this.#servers, error);
    }
    this.#outstanding.set(this.#published, {
      subject,
      bytes: payload.length,
      sentAt: performance.now(),
      onDuplicate: fields.onDuplicate,
    });
    this.#outstandingBytes += payload.length;
    this.#bytes += payload.length;
  }

  /** Bytes of the messages published. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A promise while the window is full. */
  pending(): Promise<void> | undefined {
    const roomy =
      this.#outstanding.size < JETSTREAM_PUBLISH_WINDOW && this.#outstandingBytes < JETSTREAM_PUBLISH_BYTES;
    if (roomy && this.#failure === undefined) return undefined;
    return this.#until(JETSTREAM_PUBLISH_WINDOW / 2, JETSTREAM_PUBLISH_BYTES / 2);
  }

  /** Resolves when the server has stored everything published so far. */
  async flush(): Promise<void> {
    await this.#until(1, Infinity);
  }

  async close(): Promise<void> {
    clearInterval(this.#age);
    this.#acks.unsubscribe();
    this.#failure ??= new ExternalError('the sink is closed');
    await this.#connection.close();
  }

  /** Resolves when fewer than `below` acknowledgements are awaited, of fewer bytes than `belowBytes`. */
  #until(below: number, belowBytes: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#outstanding.size < below && this.#outstandingBytes < belowBytes) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ below, belowBytes, resolve, reject });
    });
  }

  #acknowledge(message: Msg): void {
    const number = Number(message.subject.slice(this.#inbox.length + 1));
    const sent = this.#outstanding.get(number);
    if (sent === undefined) return;
    if (message.headers?.code === NO_RESPONDERS)
      return this.#fail(nobodyListens(sent.subject, this.#servers));
    const { error, duplicate } = message.json<Acknowledgement>();
    if (error !== undefined) return this.#fail(refusalOf(error, sent.subject, this.#servers));
    if (duplicate === true) sent.onDuplicate?.();
    this.#outstanding.delete(number);
    this.#outstandingBytes -= sent.bytes;
    if (this.#waiters.length === 0) return;
    const ready = this.#waiters.filter(
      ({ below, belowBytes }) => this.#outstanding.size < below && this.#outstandingBytes < belowBytes,
    );
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }

  #checkAge(): void {
    const [oldest] = this.#outstanding.values();
    if (oldest === undefined || performance.now() - oldest.sentAt < JETSTREAM_ACK_TIMEOUT_MS) return;
    const reason = new Error(`no acknowledgement within ${JETSTREAM_ACK_TIMEOUT_MS} ms`);
    this.#fail(jetStreamError(`publish to ${oldest.subject}`, this.#servers, reason));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(this.#failure);
  }
}

function headerOf({ messageId, records = 0 }: PublishFields): ReturnType<typeof headers> | undefined {
  if (messageId === undefined && records === 0) return undefined;
  const header = headers();
  if (messageId !== undefined) header.set('Nats-Msg-Id', messageId);
  if (records > 0) header.set(RECORDS_HEADER, String(records));
  return header;
}

function nobodyListens(subject: string, servers: ResolvedConnection): Error {
  return new UserError(
    `no stream of JetStream at ${servers.urls.join(', ')} listens on ${subject}: create one that does`,
  );
}

/** Why the server did not store a message. */
function refusalOf(
  error: NonNullable<Acknowledgement['error']>,
  subject: string,
  servers: ResolvedConnection,
): Error {
  return new ExternalError(
    `JetStream at ${servers.urls.join(', ')} refused a message for ${subject}: ${error.description ?? `error ${error.err_code}`}`,
  );
}
