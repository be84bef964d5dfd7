import { CODEC_BUFFER_KEPT_BYTES } from '../../../base/limits.ts';

/**
 * How a column of numbers stands in a payload, as one byte before it: equal values once; whole numbers as their distance to
 * the smallest one in 1, 2 or 4 bytes; others as they are. `FITS_INT32` is added where all values do.
 */
export const CODING = { same: 0, byte: 1, short: 2, int: 4, double: 8 } as const;
export const FITS_INT32 = 16;
/** How a text stands in a payload. */
export const TEXT_LATIN1 = 0;
export const TEXT_UTF16 = 1;

/** Whole numbers below this differ exactly by less than 2^32 where they do. */
const EXACT_MAX = 2 ** 52;
const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const UINT8_MAX = 0xff;
const UINT16_MAX = 0xffff;
const FIRST_BYTES = 16 * 1024;

/** Builds a payload: columns one after the other, each at a multiple of 8. */
export class PayloadWriter {
  #bytes = Buffer.alloc(0);
  #shorts = new Uint16Array(0);
  #ints = new Uint32Array(0);
  #doubles = new Float64Array(0);
  #bigints = new BigInt64Array(0);
  #at = 0;
  readonly #encoder = new TextEncoder();

  begin(): void {
    this.#at = 0;
    if (this.#bytes.byteLength === 0 || this.#bytes.byteLength > CODEC_BUFFER_KEPT_BYTES)
      this.#allocate(FIRST_BYTES);
  }

  /** What was written since `begin`; valid until the next one. */
  end(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Two 32-bit numbers. */
  header(first: number, second: number): void {
    this.#reserve(8);
    this.#ints[this.#at >>> 2] = first;
    this.#ints[(this.#at >>> 2) + 1] = second;
    this.#at += 8;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength + 8);
    this.#bytes.set(bytes, this.#at);
    this.#advance(bytes.byteLength);
  }

  /** Texts joined, with their length and how it is written. */
  text(text: string): void {
    const { length } = text;
    this.#reserve(length * 2 + 24);
    const start = this.#at + 8;
    const { read, written } = this.#encoder.encodeInto(text, this.#bytes.subarray(start, start + length));
    let mode = TEXT_LATIN1;
    if (read !== length || written !== length) {
      this.#bytes.write(text, start, length, 'latin1');
      if (this.#bytes.toString('latin1', start, start + length) !== text) {
        mode = TEXT_UTF16;
        this.#bytes.write(text, start, length * 2, 'utf16le');
      }
    }
    this.header(mode, length);
    this.#advance(mode === TEXT_UTF16 ? length * 2 : length);
  }

  bigints(values: BigInt64Array, count: number): void {
    this.header(0, count);
    this.#reserve(count * 8);
    this.#bigints.set(values.subarray(0, count), this.#at >>> 3);
    this.#advance(count * 8);
  }

  ints(values: Int32Array, count: number): void {
    let min = values[0] ?? 0;
    let max = min;
    for (let index = 1; index < count; index += 1) {
      const value = values[index] as number;
      if (value < min) min = value;
      else if (value > max) max = value;
    }
    this.#wholeNumbers(values, count, min, max - min, FITS_INT32);
  }

  numbers(values: Float64Array, count: number): void {
    const first = values[0] ?? 0;
    let [min, max] = [0, 0];
    let whole = first >= -EXACT_MAX && first <= EXACT_MAX && first === Math.floor(first);
    for (let index = 0; whole && index < count; index += 1) {
      const value = values[index] as number;
      const distance = (value - first) | 0;
      // Not so for fractions, NaN, infinities and what is far away; and -0 must stay what it is.
      whole = first + distance === value && (value !== 0 || 1 / value > 0);
      if (distance < min) min = distance;
      else if (distance > max) max = distance;
    }
    if (!whole) return this.#doublesAsTheyAre(values, count);
    const inRange = first + min >= INT32_MIN && first + max <= INT32_MAX;
    this.#wholeNumbers(values, count, first + min, max - min, inRange ? FITS_INT32 : 0);
  }

  #wholeNumbers(
    values: Int32Array | Float64Array,
    count: number,
    min: number,
    range: number,
    fits: number,
  ): void {
    if (range === 0) this.#column(CODING.same | fits, count, min);
    else if (range <= UINT8_MAX) {
      this.#column(CODING.byte | fits, count, min);
      const [target, at] = [this.#bytes, this.#at];
      for (let index = 0; index < count; index += 1) target[at + index] = (values[index] as number) - min;
      this.#advance(count);
    } else if (range <= UINT16_MAX) {
      this.#column(CODING.short | fits, count, min);
      const [target, at] = [this.#shorts, this.#at >>> 1];
      for (let index = 0; index < count; index += 1) target[at + index] = (values[index] as number) - min;
      this.#advance(count * 2);
    } else {
      this.#column(CODING.int | fits, count, min);
      const [target, at] = [this.#ints, this.#at >>> 2];
      for (let index = 0; index < count; index += 1) target[at + index] = (values[index] as number) - min;
      this.#advance(count * 4);
    }
  }

  #doublesAsTheyAre(values: Float64Array, count: number): void {
    this.#column(CODING.double, count, 0);
    this.#doubles.set(values.subarray(0, count), this.#at >>> 3);
    this.#advance(count * 8);
  }

  /** The head of a column of numbers, and room for it. */
  #column(coding: number, count: number, base: number): void {
    this.#reserve(16 + count * 8);
    this.header(coding, count);
    this.#doubles[this.#at >>> 3] = base;
    this.#at += 8;
  }

  #advance(bytes: number): void {
    this.#at = (this.#at + bytes + 7) & ~7;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes + 8;
    if (needed <= this.#bytes.byteLength) return;
    let size = this.#bytes.byteLength;
    while (size < needed) size *= 2;
    const old = this.#bytes.subarray(0, this.#at);
    this.#allocate(size);
    this.#bytes.set(old);
  }

  #allocate(size: number): void {
    const memory = new ArrayBuffer(size);
    this.#bytes = Buffer.from(memory);
    this.#shorts = new Uint16Array(memory);
    this.#ints = new Uint32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#bigints = new BigInt64Array(memory);
  }
}
