import type { Clock } from '../ports/clock.ts';
import type { MessageHandler, TransportMessage } from '../ports/transport.ts';
import { TransportClosedError } from './errors.ts';
import { PendingRequests } from './pending-requests.ts';

/** The requests of one in-memory transport: one inbox for all answers, opened by the first request. */
export class RequestInbox {
  readonly #inbox: string;
  readonly #requests: PendingRequests;
  readonly #subscribe: (pattern: string, handler: MessageHandler) => void;
  #isOpen = false;

  /** @param inbox subject under which answers come, each with the id of its request behind it */
  constructor(clock: Clock, inbox: string, subscribe: (pattern: string, handler: MessageHandler) => void) {
    this.#inbox = inbox;
    this.#requests = new PendingRequests(clock);
    this.#subscribe = subscribe;
  }

  /** @param send publishes the request; says how many receive it, and throws what is wrong with it */
  request(subject: string, timeoutMs: number, send: (replyTo: string) => number): Promise<TransportMessage> {
    if (!this.#isOpen) this.#open();
    const { id, reply } = this.#requests.open(subject, timeoutMs);
    try {
      if (send(`${this.#inbox}.${id}`) === 0) this.#requests.rejectForNoResponders(id);
    } catch (error) {
      this.#requests.reject(id, error as Error);
    }
    return reply;
  }

  /** The transport was closed: all requests are rejected. */
  close(): void {
    this.#requests.rejectAll(() => new TransportClosedError());
  }

  /** The node has crashed: no request is ever settled. */
  abandon(): void {
    this.#requests.abandonAll();
  }

  #open(): void {
    this.#isOpen = true;
    this.#subscribe(`${this.#inbox}.*`, (message) => {
      this.#requests.resolve(Number(message.subject.slice(this.#inbox.length + 1)), message);
    });
  }
}
