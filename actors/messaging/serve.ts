import type { z } from 'zod';
import { serializeError } from '../../src/base/errors.ts';
import { isTraceContext } from '../../src/ports/tracing.ts';
import type { Subscription } from '../../src/ports/transport.ts';
import {
  ACCEPT_ENCODING,
  MESSAGE_ID,
  ProtocolError,
  TRACEPARENT,
  ZSTD,
  decodeMessage,
  encodeForWire,
  encodingOf,
} from '../../src/protocol/codec.ts';
import type { Encoding } from '../../src/protocol/codec.ts';
import { MessageTooLargeError } from '../../src/transport/errors.ts';
import { roleAt } from '../../src/protocol/subjects.ts';
import type { ActorEnvironment } from './environment.ts';

/** Who sent a request, and how the answer is to be written. Plain data, so that machines can keep it. */
export interface Caller {
  /** Undefined when no answer is awaited. */
  readonly replyTo: string | undefined;
  readonly encoding: Encoding;
  /** Whether it reads compressed answers. */
  readonly readsCompressed?: boolean;
}

/** Anything with a `type`; each conversation's union is in `src/protocol`. */
export type Message = { readonly type: string; readonly [field: string]: unknown };

/** A caller that awaits nothing: for events that an actor sends itself. */
export const NOBODY: Caller = { replyTo: undefined, encoding: 'msgpack' };

/**
 * Listens on a subject. What is not of the protocol is refused here: counted, logged, answered with `refused`, and never
 * seen by `handle`.
 */
export function serve<T extends { readonly type: string }>(
  environment: ActorEnvironment,
  subject: string,
  schema: z.ZodType<T>,
  handle: (message: T, caller: Caller) => void,
): Subscription {
  const { transport, logger, refusals } = environment;
  return transport.subscribe(subject, ({ payload, headers, replyTo }) => {
    const readsCompressed = headers[ACCEPT_ENCODING] === ZSTD;
    const caller: Caller = { replyTo, encoding: encodingOf(headers), readsCompressed };
    let message: T;
    try {
      message = decodeMessage(schema, payload, headers, subject);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refusals.malformed++;
      logger.warn('message refused', { subject, messageId: headers[MESSAGE_ID], reason: error.message });
      reply(environment, caller, { type: 'refused', error: serializeError(error) });
      return;
    }
    inTrace(environment, subject, message.type, headers[TRACEPARENT], () => handle(message, caller));
  });
}

/** A message that belongs to a trace is handled in a span of its own; what it causes belongs to that. */
function inTrace(
  environment: ActorEnvironment,
  subject: string,
  type: string,
  parent: string | undefined,
  handle: () => void,
): void {
  if (parent === undefined || !isTraceContext(parent)) return handle();
  const { tracing, scope } = environment;
  if (!tracing.enabled) return scope.within(parent, handle);
  const span = tracing.start(`${roleAt(subject)} ${type}`, {
    parent,
    attributes: { 'messaging.system': 'nats', 'messaging.destination.name': subject },
  });
  try {
    scope.within(span.context, handle);
  } finally {
    span.end();
  }
}

/**
 * Answers a caller in its own encoding; a closed transport is no reason to fail. An answer that is larger than a message may be
 * is refused, so that the caller need not wait for what cannot come.
 */
export function reply(environment: ActorEnvironment, caller: Caller, message: Message): void {
  const { replyTo } = caller;
  if (replyTo === undefined) return;
  const tooLarge = send(environment, replyTo, message, caller);
  if (tooLarge === undefined) return;
  // Without the stack, which may be as long as a message may be.
  const { stack: _, ...error } = serializeError(tooLarge, 'internal');
  send(environment, replyTo, { type: 'refused', error }, caller);
}

/** Sends without waiting for an answer. Delivery is not certain; a failure to send is logged. */
export function tell(
  environment: ActorEnvironment,
  subject: string,
  message: Message,
  encoding: Encoding = 'msgpack',
): void {
  send(environment, subject, message, { encoding });
}

/** @returns the error of a message that is too large for any try; other failures are logged only */
function send(
  environment: ActorEnvironment,
  subject: string,
  message: Message,
  { encoding, readsCompressed = false }: Pick<Caller, 'encoding' | 'readsCompressed'>,
): MessageTooLargeError | undefined {
  const { current } = environment.scope;
  try {
    const { payload, headers: ofPayload } = encodeForWire(message, encoding, readsCompressed);
    const headers = {
      ...ofPayload,
      [MESSAGE_ID]: environment.random.hex(8),
      ...(current === undefined ? {} : { [TRACEPARENT]: current }),
    };
    environment.transport.publish(subject, payload, { headers });
  } catch (error) {
    environment.logger.warn('message not sent', { subject, type: message.type, error });
    if (error instanceof MessageTooLargeError) return error;
  }
  return undefined;
}
