import { Packr } from 'msgpackr';
import { z } from 'zod';
import { UserError } from '../base/errors.ts';

/** A message that is not of the protocol: refused at the door, never seen by an actor. */
export class ProtocolError extends UserError {}

/** Header that names the encoding of a payload; absent means msgpack. */
export const CONTENT_TYPE = 'Content-Type';
export const JSON_CONTENT = 'application/json';
/** Identifies a message in logs; receivers do not rely on it. */
export const MESSAGE_ID = 'Millrace-Message-Id';
/** W3C trace context. */
export const TRACEPARENT = 'traceparent';

export type Encoding = 'msgpack' | 'json';

const packr = new Packr({ useRecords: false, moreTypes: true });
const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { fatal: true });

/** Bytes of a message. JSON is for people's tools; rows with types that JSON lacks need msgpack. */
export function encodeMessage(message: object, encoding: Encoding = 'msgpack'): Uint8Array {
  return encoding === 'json' ? utf8.encode(JSON.stringify(message)) : packr.pack(message);
}

/** The encoding that a message declares. */
export function encodingOf(headers: Readonly<Record<string, string>>): Encoding {
  return headers[CONTENT_TYPE]?.startsWith(JSON_CONTENT) === true ? 'json' : 'msgpack';
}

/**
 * Reads and validates a message.
 * @throws ProtocolError naming the subject, the field and what was expected.
 */
export function decodeMessage<T>(
  schema: z.ZodType<T>,
  payload: Uint8Array,
  headers: Readonly<Record<string, string>>,
  subject: string,
): T {
  let data: unknown;
  try {
    data = encodingOf(headers) === 'json' ? JSON.parse(text.decode(payload)) : packr.unpack(payload);
  } catch (error) {
    throw new ProtocolError(
      `message on ${subject} is not ${encodingOf(headers)} (${payload.length} bytes); ` +
        `send msgpack, or JSON with the header "${CONTENT_TYPE}: ${JSON_CONTENT}"`,
      { cause: error },
    );
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new ProtocolError(`message on ${subject} refused: ${z.prettifyError(parsed.error).slice(0, 2000)}`);
}
