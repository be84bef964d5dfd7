import type { Random } from '../ports/random.ts';

/**
 * Repeatable randomness: xoshiro128** by Blackman and Vigna ("Scrambled Linear Pseudorandom Number Generators",
 * ACM TOMS 47, 2021; prng.di.unimi.it), its state filled by a 32-bit splitmix as its authors advise.
 * For tests and simulations, never for secrets.
 */
export class SeededRandom implements Random {
  readonly seed: number;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** `seed` is taken modulo 2^32. */
  constructor(seed: number) {
    this.seed = seed >>> 0;
    const next = splitMix32(this.seed);
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next();
  }

  /** Uniform in [0, 1), with 53 bits. */
  next(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67_108_864 + low) / 9_007_199_254_740_992;
  }

  hex(bytes: number): string {
    let text = '';
    while (text.length < bytes * 2) text += this.uint32().toString(16).padStart(8, '0');
    return text.slice(0, bytes * 2);
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return result;
  }

  /** A whole number in [0, bound). */
  int(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Exponentially distributed with this mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** One of `values`, which must not be empty. */
  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new RangeError('pick needs at least one value');
    return values[this.int(values.length)] as T;
  }

  /**
   * An independent sequence for one purpose: the same seed and label give the same one, however much was drawn from
   * others, so a new draw in one part of a simulation leaves the rest as it was.
   */
  fork(label: string): SeededRandom {
    let hash = 2_166_136_261 ^ this.seed;
    for (let at = 0; at < label.length; at++) hash = Math.imul(hash ^ label.charCodeAt(at), 16_777_619);
    return new SeededRandom(splitMix32(hash >>> 0)());
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function splitMix32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}
