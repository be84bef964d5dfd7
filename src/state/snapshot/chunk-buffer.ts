import { SNAPSHOT_CHUNK_BYTES } from '../../base/limits.ts';

/** Encoded pairs of one state and key group, until they make a chunk. */
export class ChunkBuffer {
  #bytes = new Uint8Array(256);
  #used = 0;
  count = 0;

  get length(): number {
    return this.#used;
  }

  /** @returns whether there is enough for a chunk */
  add(pair: Uint8Array): boolean {
    const needed = this.#used + pair.byteLength;
    if (needed > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.byteLength * 2));
      grown.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = grown;
    }
    this.#bytes.set(pair, this.#used);
    this.#used = needed;
    this.count += 1;
    return needed >= SNAPSHOT_CHUNK_BYTES;
  }

  /** The bytes so far, which now belong to the caller. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#used);
    this.#bytes = new Uint8Array(256);
    this.#used = 0;
    this.count = 0;
    return taken;
  }
}
