import { DeadlineExceededError } from '../base/errors.ts';
import type { Clock, TimerHandle } from '../ports/clock.ts';
import type { TransportMessage } from '../ports/transport.ts';
import { NoRespondersError } from './errors.ts';

interface Pending {
  readonly subject: string;
  readonly timer: TimerHandle;
  readonly resolve: (message: TransportMessage) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The requests of one transport that wait for an answer. Each settles exactly once: by the first of a reply, a
 * rejection, its deadline; whatever comes later finds nothing (invariant T5 of the port).
 */
export class PendingRequests {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Registers a request; `id` names it in `resolve` and `reject`. */
  open(
    subject: string,
    timeoutMs: number,
  ): { readonly id: number; readonly reply: Promise<TransportMessage> } {
    const id = ++this.#lastId;
    const reply = new Promise<TransportMessage>((resolve, reject) => {
      const expire = (): void => {
        this.reject(
          id,
          new DeadlineExceededError(`no answer on subject '${subject}' within ${timeoutMs} ms`),
        );
      };
      const timer = this.#clock.setTimeout(expire, timeoutMs, `deadline ${subject}`);
      this.#pending.set(id, { subject, timer, resolve, reject });
    });
    return { id, reply };
  }

  resolve(id: number, message: TransportMessage): void {
    this.#take(id)?.resolve(message);
  }

  reject(id: number, error: Error): void {
    this.#take(id)?.reject(error);
  }

  rejectForNoResponders(id: number): void {
    const pending = this.#take(id);
    pending?.reject(new NoRespondersError(pending.subject));
  }

  rejectAll(makeError: () => Error): void {
    for (const id of [...this.#pending.keys()]) this.reject(id, makeError());
  }

  /** Drops every request without an answer: what a crash does. */
  abandonAll(): void {
    for (const id of [...this.#pending.keys()]) this.#take(id);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    this.#clock.clearTimeout(pending.timer);
    return pending;
  }
}
