import { crc32 } from 'node:zlib';

/** One revision of a key, as its file holds it. */
export interface Revision {
  /** Absent: the key was deleted by this revision. */
  readonly value: Uint8Array | undefined;
  /** Names the write, 16 hex digits. */
  readonly writeId: string;
  /** The writes that this one follows, newest first, `HISTORY` at most: they prove which writes took effect. */
  readonly history: readonly string[];
}

/** Writes that a revision remembers. */
export const HISTORY = 32;

const MAGIC = 0x4d;
const VERSION = 1;
const ID_BYTES = 8;
const HEAD_BYTES = 4 + 4;

/** Layout: magic, version, 1 if there is a value, number of ids, crc32 of the rest, ids (own first), value. */
export function encodeRevision(revision: Revision): Uint8Array {
  const ids = [revision.writeId, ...revision.history.slice(0, HISTORY)];
  const value = revision.value ?? new Uint8Array();
  const bytes = Buffer.alloc(HEAD_BYTES + ids.length * ID_BYTES + value.byteLength);
  bytes.set([MAGIC, VERSION, revision.value === undefined ? 0 : 1, ids.length]);
  ids.forEach((id, at) => bytes.write(id, HEAD_BYTES + at * ID_BYTES, ID_BYTES, 'hex'));
  bytes.set(value, HEAD_BYTES + ids.length * ID_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(HEAD_BYTES)), 4);
  return bytes;
}

/** Undefined when the bytes are not a revision or damaged. */
export function decodeRevision(content: Uint8Array): Revision | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (bytes.length < HEAD_BYTES + ID_BYTES || bytes[0] !== MAGIC || bytes[1] !== VERSION) return undefined;
  const count = bytes[3] ?? 0;
  const valueAt = HEAD_BYTES + count * ID_BYTES;
  if (count === 0 || valueAt > bytes.length) return undefined;
  if (bytes.readUInt32LE(4) !== crc32(bytes.subarray(HEAD_BYTES))) return undefined;
  const ids = Array.from({ length: count }, (_, at) =>
    bytes.toString('hex', HEAD_BYTES + at * ID_BYTES, HEAD_BYTES + (at + 1) * ID_BYTES),
  );
  const value = bytes[2] === 1 ? new Uint8Array(bytes.subarray(valueAt)) : undefined;
  return { value, writeId: ids[0] as string, history: ids.slice(1) };
}
