import {
  InvalidArgumentError,
  type Msg,
  type NatsConnection,
  type Status,
  createInbox,
  headers as newHeaders,
} from '@nats-io/nats-core';
import { InternalError } from '../../base/errors.ts';
import { CONFIRM_SHARE, TRANSPORT_CLOSE_FLUSH_MS, TRANSPORT_UNCONFIRMED_BYTES } from '../../base/limits.ts';
import type {
  HandlerErrorListener,
  MessageHandler,
  PublishOptions,
  RequestOptions,
  Subscription,
  Transport,
  TransportMessage,
} from '../../ports/transport.ts';
import { checkPayload, copyPayload, deliver, reportToStderr } from '../delivery.ts';
import {
  MessageTooLargeError,
  TransportClosedError,
  TransportDisconnectedError,
  TransportOverloadedError,
} from '../errors.ts';
import { type Headers, checkedHeaders } from '../headers.ts';
import { PendingRequests } from '../pending-requests.ts';
import { checkPattern, checkSubject } from '../subject-match.ts';
import { fromNatsMessage, statusCodeOf } from './messages.ts';
import type { ResolvedNatsOptions } from './options.ts';

const NO_RESPONDERS = 503;

/** The part of the client that knows whether the socket is up at this moment; its status events come too late. */
interface ConnectionState {
  readonly protocol: { readonly connected: boolean };
}

/** A connection to NATS; made by `connectNats`. Payloads are copied once on the way out, views on the way in. */
export class NatsTransport implements Transport {
  /** The client's connection, for the stores and for JetStream. */
  readonly connection: NatsConnection;
  readonly closed: Promise<Error | undefined>;
  readonly #options: ResolvedNatsOptions;
  readonly #onReconnect: () => void;
  readonly #onHandlerError: HandlerErrorListener;
  readonly #requests: PendingRequests;
  readonly #inbox: string;
  readonly #state: ConnectionState['protocol'];
  readonly #resolveClosed: (reason: Error | undefined) => void;
  #hasInbox = false;
  #isClosed = false;
  #unconfirmedBytes = 0;
  #unprobedBytes = 0;
  #generation = 0;

  constructor(connection: NatsConnection, options: ResolvedNatsOptions, onReconnect: () => void) {
    this.connection = connection;
    this.#options = options;
    this.#onReconnect = onReconnect;
    this.#onHandlerError = options.onHandlerError ?? reportToStderr;
    this.#requests = new PendingRequests(options.clock);
    this.#inbox = createInbox(options.inboxPrefix);
    this.#state = (connection as unknown as ConnectionState).protocol;
    if (this.#state?.connected !== true) {
      throw new InternalError(
        'the NATS client does not tell whether it is connected; its version is not the pinned one',
      );
    }
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    void this.#watchStatus();
    void connection.closed().then((cause) => this.#connectionClosed(cause ?? undefined));
  }

  get maxPayload(): number {
    return this.connection.info?.max_payload ?? 0;
  }

  /** Whether messages can be sent at this moment. */
  get connected(): boolean {
    return !this.#isClosed && this.#state.connected && !this.connection.isClosed();
  }

  publish(subject: string, payload: Uint8Array, options: PublishOptions = {}): void {
    this.#send(subject, payload, options.headers, options.replyTo);
  }

  subscribe(pattern: string, handler: MessageHandler): Subscription {
    this.#checkOpen();
    checkPattern(pattern);
    return this.#subscribe(pattern, (message) => {
      // A status without payload (nobody heard a message with a reply subject) is the server's, not a peer's.
      if (statusCodeOf(message) !== 0 && message.data.length === 0) return;
      deliver(handler, fromNatsMessage(message), this.#onHandlerError);
    });
  }

  async request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<TransportMessage> {
    this.#checkOpen();
    if (!this.#hasInbox) this.#openInbox();
    const { id, reply } = this.#requests.open(subject, options.timeoutMs);
    try {
      this.#send(subject, payload, options.headers, `${this.#inbox}.${id}`);
    } catch (error) {
      this.#requests.reject(id, error as Error);
    }
    return reply;
  }

  async flush(): Promise<void> {
    this.#checkOpen();
    if (!this.connected) throw new TransportDisconnectedError(this.#server);
    try {
      await this.connection.flush();
    } catch (cause) {
      throw this.#isClosed
        ? new TransportClosedError(undefined, { cause })
        : new TransportDisconnectedError(this.#server, { cause });
    }
  }

  /** Sends what was published, for a bounded time, then closes. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#requests.rejectAll(() => new TransportClosedError());
      if (this.#state.connected && !this.connection.isClosed()) await this.#flushBounded();
      await this.connection.close();
      this.#resolveClosed(undefined);
    }
    await this.closed;
  }

  get #server(): string {
    return `NATS at ${this.#options.urls.join(', ')}`;
  }

  #openInbox(): void {
    this.#hasInbox = true;
    this.#subscribe(`${this.#inbox}.*`, (message) => {
      const id = Number(message.subject.slice(this.#inbox.length + 1));
      if (statusCodeOf(message) === NO_RESPONDERS && message.data.length === 0) {
        this.#requests.rejectForNoResponders(id);
      } else {
        this.#requests.resolve(id, fromNatsMessage(message));
      }
    });
  }

  #subscribe(pattern: string, receive: (message: Msg) => void): Subscription {
    let open = true;
    const subscription = this.connection.subscribe(pattern, {
      callback: (error, message) => {
        if (error !== null) {
          this.#options.logger.error('NATS ended a subscription', { pattern, reason: error.message });
          return;
        }
        if (!open || this.#isClosed) return;
        // Whatever escapes here would end the client's read loop.
        try {
          receive(message);
        } catch (malformed) {
          this.#onHandlerError(malformed, message.subject);
        }
      },
    });
    return {
      close: () => {
        if (!open) return;
        open = false;
        if (!this.connection.isClosed()) subscription.unsubscribe();
      },
    };
  }

  #send(
    subject: string,
    payload: Uint8Array,
    headers: Headers | undefined,
    replyTo: string | undefined,
  ): void {
    this.#checkOpen();
    checkSubject(subject);
    if (replyTo !== undefined) checkSubject(replyTo);
    const checked = checkedHeaders(headers);
    // The client would take the message and lose it at the next dial (reliability case 26).
    if (!this.connected) throw new TransportDisconnectedError(this.#server);
    checkPayload(subject, payload, this.maxPayload);
    const bytes = payload.byteLength + subject.length;
    if (this.#unconfirmedBytes > 0 && this.#unconfirmedBytes + bytes > TRANSPORT_UNCONFIRMED_BYTES) {
      throw new TransportOverloadedError(this.#unconfirmedBytes, TRANSPORT_UNCONFIRMED_BYTES);
    }
    try {
      // The client keeps a view of the payload until it writes to the socket, hence the copy.
      this.connection.publish(subject, copyPayload(payload), natsPublishOptions(checked, replyTo));
    } catch (cause) {
      if (cause instanceof InvalidArgumentError)
        throw new MessageTooLargeError(subject, bytes, this.maxPayload);
      throw cause;
    }
    this.#account(bytes);
  }

  /** Every share of the bound a ping asks the server to confirm what it has read so far. */
  #account(bytes: number): void {
    this.#unconfirmedBytes += bytes;
    this.#unprobedBytes += bytes;
    if (this.#unprobedBytes < TRANSPORT_UNCONFIRMED_BYTES * CONFIRM_SHARE) return;
    const probed = this.#unprobedBytes;
    const generation = this.#generation;
    this.#unprobedBytes = 0;
    const confirm = (): void => {
      if (generation === this.#generation) this.#unconfirmedBytes -= probed;
    };
    this.connection.flush().then(confirm, confirm);
  }

  async #flushBounded(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.setTimeout(resolve, TRANSPORT_CLOSE_FLUSH_MS, 'NATS close');
    this.connection.flush().then(resolve, resolve);
    await promise;
    this.#options.clock.clearTimeout(timer);
  }

  #connectionClosed(cause: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const reason = cause === undefined ? '' : `: ${cause.message}`;
    const error = new TransportClosedError(
      `the connection to ${this.#server} is lost${reason}`,
      cause === undefined ? {} : { cause },
    );
    this.#options.logger.error('NATS connection ended', {
      servers: this.#options.urls,
      reason: cause?.message,
    });
    this.#requests.rejectAll(() => new TransportClosedError(error.message, { cause: error.cause }));
    this.#resolveClosed(error);
  }

  async #watchStatus(): Promise<void> {
    for await (const status of this.connection.status()) this.#noteStatus(status);
  }

  #noteStatus(status: Status): void {
    const { logger, urls } = this.#options;
    switch (status.type) {
      case 'disconnect':
        if (!this.#isClosed) logger.warn('NATS disconnected', { server: status.server });
        return;
      case 'reconnect':
        this.#generation++;
        this.#unconfirmedBytes = 0;
        this.#unprobedBytes = 0;
        this.#onReconnect();
        logger.info('NATS reconnected', { server: status.server });
        return;
      case 'reconnecting':
      case 'forceReconnect':
        logger.debug('NATS reconnecting', { servers: urls });
        return;
      case 'staleConnection':
        logger.warn('NATS does not answer pings', { servers: urls });
        return;
      case 'error':
        logger.error('NATS reported an error', { servers: urls, reason: status.error.message });
        return;
      case 'slowConsumer':
        logger.warn('NATS subscription is slow', { pending: status.pending });
        return;
      case 'update':
        logger.debug('NATS servers changed', { added: status.added, deleted: status.deleted });
        return;
      case 'ldm':
        logger.warn('NATS server is about to shut down', { server: status.server });
        return;
      case 'ping':
      case 'close':
        return;
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new TransportClosedError();
  }
}

function natsPublishOptions(
  headers: Headers,
  replyTo: string | undefined,
): Parameters<NatsConnection['publish']>[2] {
  const names = Object.keys(headers);
  if (names.length === 0) return replyTo === undefined ? undefined : { reply: replyTo };
  const wire = newHeaders();
  for (const name of names) wire.set(name, headers[name] ?? '');
  return replyTo === undefined ? { headers: wire } : { headers: wire, reply: replyTo };
}
