import { HUB_BATCH_MESSAGES } from '../../base/limits.ts';
import type {
  HandlerErrorListener,
  MessageHandler,
  PublishOptions,
  RequestOptions,
  Subscription,
  Transport,
  TransportMessage,
} from '../../ports/transport.ts';
import { checkPayload, copyPayload, deliver, newMessage } from '../delivery.ts';
import { TransportClosedError } from '../errors.ts';
import { checkedHeaders } from '../headers.ts';
import { RequestInbox } from '../request-inbox.ts';
import { checkPattern, checkSubject } from '../subject-match.ts';
import type { LocalHub } from './hub.ts';

/** One subscription as the hub's index holds it. */
export interface HubSubscription {
  readonly connection: HubConnection;
  readonly handler: MessageHandler;
  open: boolean;
}

interface Delivery {
  readonly subscription: HubSubscription;
  readonly message: TransportMessage;
}

/** A connection to a `LocalHub`; made by `LocalHub.connect`. */
export class HubConnection implements Transport {
  readonly closed: Promise<Error | undefined>;
  readonly #hub: LocalHub;
  readonly #onHandlerError: HandlerErrorListener;
  readonly #requests: RequestInbox;
  readonly #own = new Map<HubSubscription, string>();
  readonly #resolveClosed: (reason: undefined) => void;
  #queue: Delivery[] = [];
  #head = 0;
  #queuedBytes = 0;
  #draining = false;
  #isClosed = false;

  constructor(hub: LocalHub, id: string, onHandlerError: HandlerErrorListener, onClosed: () => void) {
    this.#hub = hub;
    this.#onHandlerError = onHandlerError;
    this.#requests = new RequestInbox(hub.clock, `_INBOX.${id}`, (pattern, handler) =>
      this.#subscribe(pattern, handler),
    );
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.closed = promise;
    this.#resolveClosed = (reason) => {
      onClosed();
      resolve(reason);
    };
  }

  get maxPayload(): number {
    return this.#hub.maxPayload;
  }

  publish(subject: string, payload: Uint8Array, options: PublishOptions = {}): void {
    this.#send(subject, payload, options.headers, options.replyTo);
  }

  subscribe(pattern: string, handler: MessageHandler): Subscription {
    this.#checkOpen();
    checkPattern(pattern);
    return this.#subscribe(pattern, handler);
  }

  async request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<TransportMessage> {
    this.#checkOpen();
    return this.#requests.request(subject, options.timeoutMs, (replyTo) =>
      this.#send(subject, payload, options.headers, replyTo),
    );
  }

  async flush(): Promise<void> {
    this.#checkOpen();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const [subscription, pattern] of this.#own) {
      subscription.open = false;
      this.#hub.subscriptions.remove(pattern, subscription);
    }
    this.#own.clear();
    this.#queue = [];
    this.#head = 0;
    this.#queuedBytes = 0;
    this.#requests.close();
    this.#resolveClosed(undefined);
  }

  /** Takes a message for one subscription of this connection, or drops it when the queue is full. */
  enqueue(subscription: HubSubscription, message: TransportMessage): void {
    const waiting = this.#queue.length - this.#head;
    const bytes = this.#queuedBytes + message.payload.byteLength;
    if (waiting >= this.#hub.queueMessages || (waiting > 0 && bytes > this.#hub.queueBytes)) {
      this.#hub.countDropped(message.subject);
      return;
    }
    this.#queue.push({ subscription, message });
    this.#queuedBytes = bytes;
    this.#scheduleDrain();
  }

  #subscribe(pattern: string, handler: MessageHandler): Subscription {
    const subscription: HubSubscription = { connection: this, handler, open: true };
    this.#own.set(subscription, pattern);
    this.#hub.subscriptions.add(pattern, subscription);
    return {
      close: () => {
        if (!subscription.open) return;
        subscription.open = false;
        this.#own.delete(subscription);
        this.#hub.subscriptions.remove(pattern, subscription);
      },
    };
  }

  #send(
    subject: string,
    payload: Uint8Array,
    headers: PublishOptions['headers'],
    replyTo: string | undefined,
  ): number {
    this.#checkOpen();
    checkSubject(subject);
    if (replyTo !== undefined) checkSubject(replyTo);
    checkPayload(subject, payload, this.#hub.maxPayload);
    const checked = checkedHeaders(headers);
    let receivers = 0;
    this.#hub.subscriptions.forEachMatch(subject, (subscription) => {
      receivers++;
      subscription.connection.enqueue(
        subscription,
        newMessage(subject, copyPayload(payload), checked, replyTo),
      );
    });
    return receivers;
  }

  #scheduleDrain(): void {
    if (this.#draining) return;
    this.#draining = true;
    setImmediate(() => this.#drain());
  }

  #drain(): void {
    this.#draining = false;
    for (let count = 0; count < HUB_BATCH_MESSAGES; count++) {
      const delivery = this.#queue[this.#head];
      if (delivery === undefined) break;
      this.#head++;
      this.#queuedBytes -= delivery.message.payload.byteLength;
      if (delivery.subscription.open)
        deliver(delivery.subscription.handler, delivery.message, this.#onHandlerError);
    }
    if (this.#head >= this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
      return;
    }
    if (this.#head >= HUB_BATCH_MESSAGES) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#scheduleDrain();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new TransportClosedError();
  }
}
