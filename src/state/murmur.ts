/**
 * MurmurHash3, 32 bit (Austin Appleby, public domain), over 32-bit blocks instead of bytes: the callers feed whole
 * words, so no byte buffer is built per record.
 */
const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/** Mixes one 32-bit block into the running hash. */
export function mixBlock(hash: number, block: number): number {
  let k = Math.imul(block, C1);
  k = (k << 15) | (k >>> 17);
  k = Math.imul(k, C2);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** The final avalanche; `length` is the number of bytes mixed. Returns an unsigned 32-bit integer. */
export function finish(hash: number, length: number): number {
  let h = hash ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Mixes the UTF-16 code units of a text, two to a block, then its length (so that texts in a tuple do not run together). */
export function mixText(hash: number, text: string): number {
  let h = hash;
  const length = text.length;
  const pairs = length - (length & 1);
  for (let i = 0; i < pairs; i += 2) h = mixBlock(h, text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
  if (pairs < length) h = mixBlock(h, text.charCodeAt(pairs));
  return mixBlock(h, length);
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** Mixes a number: one block for 32-bit integers, the two halves of the float64 else. -0 hashes as 0. */
export function mixNumber(hash: number, value: number): number {
  if ((value | 0) === value) return mixBlock(hash, value | 0);
  float[0] = value;
  return mixBlock(mixBlock(hash, words[0] ?? 0), words[1] ?? 0);
}
