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
import { checkPayload, deliver, newMessage } from '../delivery.ts';
import { TransportClosedError } from '../errors.ts';
import { checkedHeaders } from '../headers.ts';
import { RequestInbox } from '../request-inbox.ts';
import { checkPattern, checkSubject } from '../subject-match.ts';
import type { SimulatedNetwork } from './network.ts';

/** One subscription as the network's index holds it. */
export interface SimulatedSubscription {
  readonly id: string;
  readonly transport: SimulatedTransport;
  readonly handler: MessageHandler;
  open: boolean;
}

interface TransportParts {
  readonly node: string;
  readonly id: string;
  readonly inbox: string;
  readonly clock: Clock;
  readonly onHandlerError: HandlerErrorListener;
  readonly onClosed: () => void;
}

type State = 'open' | 'closed' | 'crashed';

/** A connection to a `SimulatedNetwork`; made by its `connect`. */
export class SimulatedTransport implements Transport {
  readonly node: string;
  readonly id: string;
  readonly closed: Promise<Error | undefined>;
  readonly #network: SimulatedNetwork;
  readonly #parts: TransportParts;
  readonly #requests: RequestInbox;
  readonly #own = new Map<SimulatedSubscription, string>();
  readonly #resolveClosed: (reason: undefined) => void;
  #lastSubscription = 0;
  #state: State = 'open';

  constructor(network: SimulatedNetwork, parts: TransportParts) {
    this.node = parts.node;
    this.id = parts.id;
    this.#network = network;
    this.#parts = parts;
    this.#requests = new RequestInbox(parts.clock, parts.inbox, (pattern, handler) =>
      this.#subscribe(pattern, handler),
    );
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.closed = promise;
    this.#resolveClosed = resolve;
  }

  get maxPayload(): number {
    return this.#network.maxPayload;
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
    if (this.#state === 'crashed') return new Promise(() => {});
    return this.#requests.request(subject, options.timeoutMs, (replyTo) =>
      this.#send(subject, payload, options.headers, replyTo),
    );
  }

  async flush(): Promise<void> {
    this.#checkOpen();
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    this.#dropSubscriptions();
    this.#requests.close();
    this.#parts.onClosed();
    this.#resolveClosed(undefined);
  }

  /** The node is gone: no answer, no event, no error reaches it any more. */
  crash(): void {
    if (this.#state !== 'open') return;
    this.#state = 'crashed';
    this.#dropSubscriptions();
    this.#requests.abandon();
  }

  receive(subscription: SimulatedSubscription, message: TransportMessage): void {
    deliver(subscription.handler, message, this.#parts.onHandlerError);
  }

  #subscribe(pattern: string, handler: MessageHandler): Subscription {
    const id = `${this.id}/${++this.#lastSubscription}`;
    const subscription: SimulatedSubscription = {
      id,
      transport: this,
      handler,
      open: this.#state === 'open',
    };
    if (subscription.open) {
      this.#own.set(subscription, pattern);
      this.#network.subscriptions.add(pattern, subscription);
    }
    return {
      close: () => {
        if (!subscription.open) return;
        subscription.open = false;
        this.#own.delete(subscription);
        this.#network.subscriptions.remove(pattern, subscription);
      },
    };
  }

  #dropSubscriptions(): void {
    for (const [subscription, pattern] of this.#own) {
      subscription.open = false;
      this.#network.subscriptions.remove(pattern, subscription);
    }
    this.#own.clear();
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
    checkPayload(subject, payload, this.#network.maxPayload);
    const message = newMessage(subject, payload, checkedHeaders(headers), replyTo);
    return this.#state === 'crashed' ? 0 : this.#network.route(this, message);
  }

  // A crashed node's code may still run in this process: it must notice nothing and reach nobody.
  #checkOpen(): void {
    if (this.#state === 'closed') throw new TransportClosedError();
  }
}
