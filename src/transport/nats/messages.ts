import type { Msg } from '@nats-io/nats-core';
import type { TransportMessage } from '../../ports/transport.ts';
import { newMessage } from '../delivery.ts';
import { type Headers, NO_HEADERS } from '../headers.ts';

/**
 * A message of the client as the port has it. The payload is a view of the chunk read from the socket, which nobody
 * else uses; it is a plain Uint8Array, since methods of Node's Buffer (`slice`) mean other things.
 */
export function fromNatsMessage(message: Msg): TransportMessage {
  const { data } = message;
  const payload = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  const replyTo = message.reply;
  return newMessage(message.subject, payload, headersOf(message), replyTo === '' ? undefined : replyTo);
}

/** The status of a server's own message (503 nobody listens, 408...), 0 for a peer's. */
export function statusCodeOf(message: Msg): number {
  return message.headers?.code ?? 0;
}

function headersOf(message: Msg): Headers {
  const wire = message.headers;
  if (wire === undefined) return NO_HEADERS;
  const result = Object.create(null) as Record<string, string>;
  for (const [name, values] of wire) result[name] = values[0] ?? '';
  return result;
}
