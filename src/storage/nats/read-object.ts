import type { ObjectStore } from '@nats-io/obj';

/** Reads a range of an object; undefined where there is none. Chunks before the range come too and are left out. */
export async function readObject(
  store: ObjectStore,
  name: string,
  offset: number,
  length: number | undefined,
): Promise<Uint8Array | undefined> {
  const found = await store.get(name);
  if (found === null) return undefined;
  // Reported by the stream as well, except for chunks that come after it was cancelled.
  found.error.catch(() => {});
  const end = length === undefined ? Number.POSITIVE_INFINITY : offset + length;
  const parts: Uint8Array[] = [];
  const reader = found.data.getReader();
  let at = 0;
  while (at < end) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value.subarray(Math.max(0, offset - at), Math.max(0, Math.min(value.byteLength, end - at))));
    at += value.byteLength;
  }
  if (at >= end) await reader.cancel();
  return new Uint8Array(Buffer.concat(parts));
}
