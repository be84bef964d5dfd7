import { createInbox, headers } from '@nats-io/nats-core';
import type { Msg, NatsConnection, Subscription } from '@nats-io/nats-core';
import { ExternalError, UserError } from '../../base/errors.ts';
import { JETSTREAM_ACK_TIMEOUT_MS, JETSTREAM_PUBLISH_WINDOW } from '../../base/limits.ts';
import type { ResolvedConnection } from '../../transport/nats/options.ts';
import { jetStreamError } from './connection.ts';

const NO_RESPONDERS = 503;
/** How often the age of the oldest publish is looked at. */
const AGE_CHECK_MS = JETSTREAM_ACK_TIMEOUT_MS / 10;

interface Outstanding {
  readonly subject: string;
  readonly sentAt: number;
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
  #failure: Error | undefined;
  #waiters: {
    readonly below: number;
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
  publish(subject: string, payload: Uint8Array, messageId: string | undefined): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#published += 1;
    const reply = `${this.#inbox}.${this.#published}`;
    try {
      if (messageId === undefined) this.#connection.publish(subject, payload, { reply });
      else this.#connection.publish(subject, payload, { reply, headers: idHeader(messageId) });
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
    this.#outstanding.set(this.#published, { subject, sentAt: performance.now() });
  }

  /** A promise while the window is full. */
  pending(): Promise<void> | undefined {
    if (this.#outstanding.size < JETSTREAM_PUBLISH_WINDOW && this.#failure === undefined) return undefined;
    return this.#until(JETSTREAM_PUBLISH_WINDOW / 2);
  }

  /** Resolves when the server has stored everything published so far. */
  async flush(): Promise<void> {
    await this.#until(1);
  }

  async close(): Promise<void> {
    clearInterval(this.#age);
    this.#acks.unsubscribe();
    this.#failure ??= new ExternalError('the sink is closed');
    await this.#connection.close();
  }

  /** Resolves when fewer than `below` acknowledgements are awaited. */
  #until(below: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#outstanding.size < below) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ below, resolve, reject });
    });
  }

  #acknowledge(message: Msg): void {
    const number = Number(message.subject.slice(this.#inbox.length + 1));
    const sent = this.#outstanding.get(number);
    if (sent === undefined) return;
    const refusal = refusalOf(message, sent.subject, this.#servers);
    if (refusal !== undefined) {
      this.#fail(refusal);
      return;
    }
    this.#outstanding.delete(number);
    if (this.#waiters.length === 0) return;
    const ready = this.#waiters.filter(({ below }) => this.#outstanding.size < below);
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

function idHeader(messageId: string): ReturnType<typeof headers> {
  const header = headers();
  header.set('Nats-Msg-Id', messageId);
  return header;
}

/** Why the server did not store a message; `undefined` when it did. */
function refusalOf(message: Msg, subject: string, servers: ResolvedConnection): Error | undefined {
  if (message.headers?.code === NO_RESPONDERS) {
    return new UserError(
      `no stream of JetStream at ${servers.urls.join(', ')} listens on ${subject}: create one that does`,
    );
  }
  const { error } = message.json<{ error?: { description?: string; err_code?: number } }>();
  if (error === undefined) return undefined;
  return new ExternalError(
    `JetStream at ${servers.urls.join(', ')} refused a message for ${subject}: ${error.description ?? `error ${error.err_code}`}`,
  );
}
