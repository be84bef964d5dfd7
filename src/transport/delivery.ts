import type { HandlerErrorListener, MessageHandler, TransportMessage } from '../ports/transport.ts';
import { MessageTooLargeError } from './errors.ts';

/** Calls a handler; what it throws goes to the listener and no further (invariant T3 of the port). */
export function deliver(
  handler: MessageHandler,
  message: TransportMessage,
  onError: HandlerErrorListener,
): void {
  try {
    handler(message);
  } catch (error) {
    onError(error, message.subject);
  }
}

/** Reports handlers that threw when nobody else does. */
export const reportToStderr: HandlerErrorListener = (error, subject) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`a message handler on subject '${subject}' threw: ${text}\n`);
};

/** A copy of the payload that the sender cannot reach (invariant T4); never a view, also for Node's Buffer. */
export function copyPayload(payload: Uint8Array): Uint8Array {
  return new Uint8Array(payload);
}

/** @throws MessageTooLargeError */
export function checkPayload(subject: string, payload: Uint8Array, limit: number): void {
  if (payload.byteLength > limit) throw new MessageTooLargeError(subject, payload.byteLength, limit);
}

/** The message as handlers see it; `replyTo` is absent rather than undefined. */
export function newMessage(
  subject: string,
  payload: Uint8Array,
  headers: TransportMessage['headers'],
  replyTo: string | undefined,
): TransportMessage {
  return replyTo === undefined ? { subject, payload, headers } : { subject, payload, headers, replyTo };
}
