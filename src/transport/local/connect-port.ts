import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { deserializeError } from '../../base/errors.ts';
import { PAYLOAD_BYTES_MAX, TRANSPORT_UNCONFIRMED_BYTES } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  HandlerErrorListener,
  MessageHandler,
  PublishOptions,
  RequestOptions,
  Subscription,
  Transport,
  TransportMessage,
} from '../../ports/transport.ts';
import { checkPayload, copyPayload, deliver, newMessage, reportToStderr } from '../delivery.ts';
import { TransportClosedError, TransportOverloadedError } from '../errors.ts';
import { checkedHeaders, flattenHeaders, unflattenHeaders } from '../headers.ts';
import { PendingRequests } from '../pending-requests.ts';
import { checkPattern, checkSubject } from '../subject-match.ts';
import { fromWireError } from './bridge-protocol.ts';
import type { Confirmation, GuestOperation, HostOperation, WireMessage } from './bridge-protocol.ts';
import { PortLink } from './port-link.ts';

export interface ConnectPortOptions {
  readonly clock: Clock;
  /** Default: stderr. */
  readonly onHandlerError?: HandlerErrorListener;
}

/** A transport over the port that another thread serves by `servePort`; call it before awaiting anything. */
export function connectPort(port: MessagePort, options: ConnectPortOptions): Transport {
  return new GuestEnd(port, options);
}

class GuestEnd implements Transport {
  readonly closed: Promise<Error | undefined>;
  readonly #link: PortLink<GuestOperation, HostOperation>;
  readonly #requests: PendingRequests;
  readonly #onHandlerError: HandlerErrorListener;
  readonly #handlers = new Map<number, MessageHandler>();
  readonly #flushes = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  readonly #resolveClosed: (reason: Error | undefined) => void;
  #maxPayload = PAYLOAD_BYTES_MAX;
  #lastId = 0;
  #open = true;

  constructor(port: MessagePort, options: ConnectPortOptions) {
    this.#requests = new PendingRequests(options.clock);
    this.#onHandlerError = options.onHandlerError ?? reportToStderr;
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    // The host greets first, so when it is ahead its payload limit is known before the first publish.
    const first = receiveMessageOnPort(port) as { readonly message: readonly HostOperation[] } | undefined;
    this.#link = new PortLink<GuestOperation, HostOperation>(
      port,
      (operation) => this.#handle(operation),
      () => this.#end(new TransportClosedError('the thread that serves the transport closed the port')),
    );
    for (const operation of first?.message ?? []) if (operation.op !== 'confirm') this.#handle(operation);
  }

  get maxPayload(): number {
    return this.#maxPayload;
  }

  publish(subject: string, payload: Uint8Array, options: PublishOptions = {}): void {
    this.#checkOpen();
    this.#link.send({ op: 'publish', message: this.#toWire(subject, payload, options) });
  }

  subscribe(pattern: string, handler: MessageHandler): Subscription {
    this.#checkOpen();
    checkPattern(pattern);
    const id = ++this.#lastId;
    this.#handlers.set(id, handler);
    this.#link.send({ op: 'subscribe', id, pattern });
    return {
      close: () => {
        if (this.#handlers.delete(id)) this.#link.send({ op: 'unsubscribe', id });
      },
    };
  }

  async request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<TransportMessage> {
    this.#checkOpen();
    const message = this.#toWire(subject, payload, options);
    const { id, reply } = this.#requests.open(subject, options.timeoutMs);
    this.#link.send({ op: 'request', id, timeoutMs: options.timeoutMs, message });
    return reply;
  }

  async flush(): Promise<void> {
    this.#checkOpen();
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#flushes.set(id, { resolve, reject });
    this.#link.send({ op: 'flush', id });
    return promise;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#link.send({ op: 'close' });
    this.#end(undefined);
    this.#link.close();
  }

  #end(reason: Error | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#handlers.clear();
    const message = reason?.message;
    this.#requests.rejectAll(() => new TransportClosedError(message));
    for (const flush of this.#flushes.values()) flush.reject(new TransportClosedError(message));
    this.#flushes.clear();
    this.#resolveClosed(reason);
  }

  #handle(operation: Exclude<HostOperation, Confirmation>): void {
    switch (operation.op) {
      case 'hello':
        this.#maxPayload = operation.maxPayload;
        return;
      case 'message': {
        const handler = this.#handlers.get(operation.id);
        if (handler !== undefined) deliver(handler, fromWire(operation.message), this.#onHandlerError);
        return;
      }
      case 'reply':
        return this.#requests.resolve(operation.id, fromWire(operation.message));
      case 'refused':
        return this.#requests.reject(operation.id, fromWireError(operation.error));
      case 'flushed': {
        const flush = this.#flushes.get(operation.id);
        this.#flushes.delete(operation.id);
        return operation.error === undefined
          ? flush?.resolve()
          : flush?.reject(fromWireError(operation.error));
      }
      case 'closed': {
        const reason = operation.reason === undefined ? undefined : deserializeError(operation.reason);
        this.#end(reason);
        return this.#link.close();
      }
    }
  }

  #toWire(subject: string, payload: Uint8Array, options: PublishOptions): WireMessage {
    checkSubject(subject);
    if (options.replyTo !== undefined) checkSubject(options.replyTo);
    checkPayload(subject, payload, this.#maxPayload);
    if (this.#link.isFull(payload.byteLength)) {
      throw new TransportOverloadedError(this.#link.unconfirmedBytes, TRANSPORT_UNCONFIRMED_BYTES);
    }
    const headers = flattenHeaders(checkedHeaders(options.headers));
    return {
      subject,
      payload: copyPayload(payload),
      ...(headers === undefined ? {} : { headers }),
      ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
    };
  }

  #checkOpen(): void {
    if (!this.#open) throw new TransportClosedError();
  }
}

function fromWire(wire: WireMessage): TransportMessage {
  return newMessage(wire.subject, wire.payload, unflattenHeaders(wire.headers), wire.replyTo);
}
