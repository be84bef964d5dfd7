import { ExternalError } from '../base/errors.ts';

/**
 * Transport carries opaque messages between actors by subject. Delivery is at most once: a message may be lost,
 * and callers that need an answer use `request` with a deadline.
 *
 * Invariants every adapter keeps (`src/transport/conformance.ts` checks them):
 * T1. Messages of one publisher on one subject reach one subscription in order, or not at all.
 * T2. A handler is never called after its subscription was closed.
 * T3. A throwing handler is reported to `onHandlerError` and does not stop later messages.
 * T4. Payload bytes belong to the receiver: the sender's later changes to its buffer are not seen.
 * T5. `request` settles exactly once: with a reply, `NoRespondersError`, `DeadlineExceededError`, `TransportClosedError`, or
 *     an error that `publish` would have thrown.
 */
export interface Transport {
  /**
   * Sends and forgets; the payload may be reused at once. Throws TransportClosedError after `close`,
   * MessageTooLargeError above `maxPayload`, InvalidSubjectError, and, to be tried again later,
   * TransportDisconnectedError (no connection now; nothing is held back for later) and TransportOverloadedError.
   */
  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void;
  /** Calls `handler` for each message on subjects that match `pattern` (NATS wildcards `*` and `>`). */
  subscribe(pattern: string, handler: MessageHandler): Subscription;
  /** Sends and waits for the first reply, `timeoutMs` at most. */
  request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<TransportMessage>;
  /** Resolves when everything published and subscribed so far has reached the server (or hub). */
  flush(): Promise<void>;
  /** Closes all subscriptions; pending requests reject with TransportClosedError. Idempotent. */
  close(): Promise<void>;
  /** Resolves once, when the transport is closed for good, with the reason if it was not asked for. */
  readonly closed: Promise<Error | undefined>;
  /** Largest payload in bytes. */
  readonly maxPayload: number;
}

export interface TransportMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Header names are case-sensitive ASCII; one value each. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where a reply is awaited, if one is. */
  readonly replyTo?: string;
}

export type MessageHandler = (message: TransportMessage) => void;

export interface PublishOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly replyTo?: string;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface Subscription {
  /** Stops delivery at once. Idempotent. */
  close(): void;
}

/** Reported for each handler that threw; adapters take one at construction, default logs to stderr. */
export type HandlerErrorListener = (error: unknown, subject: string) => void;

/** More is on its way than the bound allows; the message was refused. */
export class TransportOverloadedError extends ExternalError {
  constructor(unconfirmedBytes: number, limitBytes: number) {
    super(
      `the transport has ${unconfirmedBytes} bytes under way (bound ${limitBytes}): the message was refused, ` +
        'slow down and try again',
    );
  }
}
