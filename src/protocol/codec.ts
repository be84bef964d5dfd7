import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { UserError } from '../base/errors.ts';
import { COMPRESSED_MESSAGE_BYTES, MESSAGE_BYTES_MAX } from '../base/limits.ts';

/** A message that is not of the protocol: refused at the door, never seen by an actor. */
export class ProtocolError extends UserError {}

/** Header that names the encoding of a payload; absent means msgpack. */
export const CONTENT_TYPE = 'Content-Type';
export const JSON_CONTENT = 'application/json';
/** Names the compression of a payload, as in HTTP: `zstd`, or none. */
export const CONTENT_ENCODING = 'Content-Encoding';
/** In a request: `zstd`, where the answer may be compressed. */
export const ACCEPT_ENCODING = 'Accept-Encoding';
export const ZSTD = 'zstd';
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

/** A message as it is sent: its payload, and the headers without which nobody can read it. */
export interface WireMessage {
  readonly payload: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Encodes a message, and compresses a large one: the plan and all attempts of thousands of subtasks then fit into one message.
 * @param mayCompress whether the receiver reads compressed ones
 */
export function encodeForWire(message: object, encoding: Encoding, mayCompress: boolean): WireMessage {
  const payload = encodeMessage(message, encoding);
  const headers = encoding === 'json' ? { [CONTENT_TYPE]: JSON_CONTENT } : {};
  if (!mayCompress || payload.byteLength < COMPRESSED_MESSAGE_BYTES) return { payload, headers };
  const compressed = zstdCompressSync(payload, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  return { payload: compressed, headers: { ...headers, [CONTENT_ENCODING]: ZSTD } };
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
    const bytes = expanded(payload, headers);
    data = encodingOf(headers) === 'json' ? JSON.parse(text.decode(bytes)) : packr.unpack(bytes);
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

/** Bounded, whatever a payload claims to hold. */
function expanded(payload: Uint8Array, headers: Readonly<Record<string, string>>): Uint8Array {
  if (headers[CONTENT_ENCODING] !== ZSTD) return payload;
  return zstdDecompressSync(payload, { maxOutputLength: MESSAGE_BYTES_MAX });
}
