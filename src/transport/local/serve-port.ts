import type { MessagePort } from 'node:worker_threads';
import { serializeError } from '../../base/errors.ts';
import type { RequestOptions, Subscription, Transport, TransportMessage } from '../../ports/transport.ts';
import { copyPayload } from '../delivery.ts';
import { flattenHeaders, unflattenHeaders } from '../headers.ts';
import { toWireError } from './bridge-protocol.ts';
import type { Confirmation, GuestOperation, HostOperation, WireMessage } from './bridge-protocol.ts';
import { PortLink } from './port-link.ts';

export interface ServePortOptions {
  /** Told when a message of the guest could not be published (no connection, say): it is lost. Default: ignored. */
  readonly onRefused?: (error: unknown, subject: string) => void;
  /** Told when the guest is too slow and a message to it is dropped. Default: counted only. */
  readonly onDropped?: (subject: string) => void;
}

/** The host's end of a bridge. */
export interface PortService {
  /** Ends the guest's subscriptions and closes the port; the transport stays open. Idempotent. */
  close(): void;
  /** Resolves when the bridge has ended, from whichever side, the end of the guest's thread included. */
  readonly closed: Promise<void>;
  /** Messages dropped because the guest was too slow. */
  readonly dropped: number;
}

/**
 * Lets the thread at the other end of `port` use `transport` (the hub, NATS, or a bridge in turn) by `connectPort`.
 * The guest's subscriptions end with its thread.
 */
export function servePort(
  port: MessagePort,
  transport: Transport,
  options: ServePortOptions = {},
): PortService {
  return new HostEnd(port, transport, options);
}

class HostEnd implements PortService {
  readonly closed: Promise<void>;
  readonly #transport: Transport;
  readonly #options: ServePortOptions;
  readonly #link: PortLink<HostOperation, GuestOperation>;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #resolveClosed: () => void;
  #open = true;
  #dropped = 0;

  constructor(port: MessagePort, transport: Transport, options: ServePortOptions) {
    this.#transport = transport;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#link = new PortLink(
      port,
      (operation) => this.#handle(operation),
      () => this.#end(),
    );
    this.#link.send({ op: 'hello', maxPayload: transport.maxPayload });
    void transport.closed.then((reason) => {
      if (!this.#open) return;
      this.#link.send({ op: 'closed', ...(reason === undefined ? {} : { reason: serializeError(reason) }) });
      this.close();
    });
  }

  get dropped(): number {
    return this.#dropped;
  }

  close(): void {
    this.#link.close();
    this.#end();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
    this.#resolveClosed();
  }

  #handle(operation: Exclude<GuestOperation, Confirmation>): void {
    switch (operation.op) {
      case 'publish':
        return this.#publish(operation.message);
      case 'request':
        return void this.#request(operation.id, operation.message, operation.timeoutMs);
      case 'subscribe':
        return this.#subscribe(operation.id, operation.pattern);
      case 'unsubscribe':
        this.#subscriptions.get(operation.id)?.close();
        this.#subscriptions.delete(operation.id);
        return;
      case 'flush':
        return void this.#flush(operation.id);
      case 'close':
        return this.close();
    }
  }

  #publish(message: WireMessage): void {
    try {
      this.#transport.publish(message.subject, message.payload, {
        headers: unflattenHeaders(message.headers),
        ...(message.replyTo === undefined ? {} : { replyTo: message.replyTo }),
      });
    } catch (error) {
      this.#options.onRefused?.(error, message.subject);
    }
  }

  async #request(id: number, message: WireMessage, timeoutMs: number): Promise<void> {
    const options: RequestOptions = { headers: unflattenHeaders(message.headers), timeoutMs };
    try {
      const reply = await this.#transport.request(message.subject, message.payload, options);
      this.#link.send({ op: 'reply', id, message: toWire(reply) });
    } catch (error) {
      this.#link.send({ op: 'refused', id, error: toWireError(error, message.subject) });
    }
  }

  #subscribe(id: number, pattern: string): void {
    const subscription = this.#transport.subscribe(pattern, (message) => {
      if (this.#link.isFull(message.payload.byteLength)) {
        this.#dropped++;
        this.#options.onDropped?.(message.subject);
        return;
      }
      this.#link.send({ op: 'message', id, message: toWire(message) });
    });
    this.#subscriptions.set(id, subscription);
  }

  async #flush(id: number): Promise<void> {
    try {
      await this.#transport.flush();
      this.#link.send({ op: 'flushed', id });
    } catch (error) {
      this.#link.send({ op: 'flushed', id, error: toWireError(error, 'flush') });
    }
  }
}

function toWire(message: TransportMessage): WireMessage {
  const headers = flattenHeaders(message.headers);
  return {
    subject: message.subject,
    payload: copyPayload(message.payload),
    ...(headers === undefined ? {} : { headers }),
    ...(message.replyTo === undefined ? {} : { replyTo: message.replyTo }),
  };
}
