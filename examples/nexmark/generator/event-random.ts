/** An odd number near 2^32 divided by the golden ratio: steps of it visit every 32-bit state. */
const STEP = 0x9e3779b9;
const TWO_32 = 2 ** 32;

function mixed(state: number): number {
  let z = state ^ (state >>> 16);
  z = Math.imul(z, 0x21f0aaad);
  z ^= z >>> 15;
  z = Math.imul(z, 0x735a2d97);
  return z ^ (z >>> 15);
}

/**
 * Chance that belongs to an event's id: `start(id)` begins the same sequence whenever it is called, so that a generator can
 * go on at any event without having made those before it. Splitmix32 (Steele, Lea, Flood: Fast Splittable Pseudorandom
 * Number Generators) with the mixing constants of T. Ettinger's search.
 */
export class EventRandom {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = mixed((mixed(seed | 0) + Math.floor(seed / TWO_32)) | 0);
    this.#state = this.#seed;
  }

  /** Begins the sequence of a number. */
  start(id: number): void {
    const high = id < TWO_32 ? 0 : mixed(Math.floor(id / TWO_32) | 0);
    this.#state = mixed(Math.imul(id | 0, STEP) ^ this.#seed ^ high);
  }

  /** A whole number in [0, bound), for bounds up to 2^32. */
  below(bound: number): number {
    return Math.floor((this.#next() >>> 0) * (bound / TWO_32));
  }

  /** A number in [0, 1). */
  unit(): number {
    return (this.#next() >>> 0) / TWO_32;
  }

  #next(): number {
    this.#state = (this.#state + STEP) | 0;
    return mixed(this.#state);
  }
}
