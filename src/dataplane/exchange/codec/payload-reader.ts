import { TEXT_CHUNK_CHARS } from '../../../base/limits.ts';
import { CODING, FITS_INT32, TEXT_UTF16 } from './payload-writer.ts';

/** Texts one after the other, cut out of larger pieces: one call into the engine serves several of them. */
export class TextReader {
  #bytes = Buffer.alloc(0);
  #wide = false;
  #at = 0;
  #end = 0;
  #chunk = '';
  #used = 0;

  open(bytes: Buffer<ArrayBuffer>, wide: boolean, at: number, length: number): void {
    this.#bytes = bytes;
    this.#wide = wide;
    this.#at = at;
    this.#end = at + (wide ? length * 2 : length);
    this.#chunk = '';
    this.#used = 0;
  }

  /** The next text, of `length` characters. */
  take(length: number): string {
    const from = this.#used;
    if (from + length > this.#chunk.length) return this.#takeFromNext(length);
    this.#used = from + length;
    return this.#chunk.substring(from, from + length);
  }

  #takeFromNext(length: number): string {
    const width = this.#wide ? 2 : 1;
    this.#at += this.#used * width;
    const to = Math.min(this.#end, this.#at + Math.max(length, TEXT_CHUNK_CHARS) * width);
    this.#chunk = this.#bytes.toString(this.#wide ? 'utf16le' : 'latin1', this.#at, to);
    if (length > this.#chunk.length) throw new RangeError('the payload is shorter than its texts');
    this.#used = length;
    return this.#chunk.substring(0, length);
  }
}

/** Reads what a PayloadWriter wrote. @throws RangeError when it ends too early */
export class PayloadReader {
  #bytes = Buffer.alloc(0);
  #shorts = new Uint16Array(0);
  #ints = new Uint32Array(0);
  #doubles = new Float64Array(0);
  #bigints = new BigInt64Array(0);
  #memory: ArrayBufferLike | undefined;
  #own = new ArrayBuffer(0);
  #at = 0;
  #end = 0;
  /** The second number of the last `header`. */
  second = 0;

  /** The payload may lie anywhere in its memory, and is read until the next `open`. */
  open(payload: Uint8Array): void {
    const { byteLength } = payload;
    let { buffer, byteOffset } = payload as Uint8Array;
    if ((byteOffset & 7) !== 0) {
      if (this.#own.byteLength < byteLength) this.#own = new ArrayBuffer((byteLength * 2 + 7) & ~7);
      new Uint8Array(this.#own).set(payload);
      buffer = this.#own;
      byteOffset = 0;
    }
    this.#view(buffer);
    this.#at = byteOffset;
    this.#end = byteOffset + byteLength;
  }

  /** Returns the first of two 32-bit numbers; the other is in `second`. */
  header(): number {
    const at = this.#take(8) >>> 2;
    this.second = this.#ints[at + 1] as number;
    return this.#ints[at] as number;
  }

  /** A view, valid as long as the payload. */
  raw(length: number): Buffer<ArrayBuffer> {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(into: TextReader): void {
    const wide = this.header() === TEXT_UTF16;
    const length = this.second;
    into.open(this.#bytes, wide, this.#take(wide ? length * 2 : length), length);
  }

  /** The number of entries is in `second`. */
  bigints(into: BigInt64Array): BigInt64Array {
    this.header();
    const count = this.second;
    const at = this.#take(count * 8) >>> 3;
    const target = into.length < count ? new BigInt64Array(count * 2) : into;
    target.set(this.#bigints.subarray(at, at + count));
    return target;
  }

  /**
   * A column of numbers: into `ints` where all of them fit, else into `doubles`, or into a larger array where those are
   * too small. The number of entries is in `second`.
   */
  numbers(
    ints: Int32Array<ArrayBuffer>,
    doubles: Float64Array<ArrayBuffer>,
  ): Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
    const coding = this.header();
    const count = this.second;
    const base = this.#doubles[this.#take(8) >>> 3] as number;
    const width = coding & ~FITS_INT32;
    if (width !== CODING.same && width * count > this.#end - this.#at) throw tooShort();
    const target =
      (coding & FITS_INT32) === 0
        ? doubles.length < count
          ? new Float64Array(count * 2)
          : doubles
        : ints.length < count
          ? new Int32Array(count * 2)
          : ints;
    this.#fill(target, count, width, base);
    return target;
  }

  #fill(target: Int32Array | Float64Array, count: number, width: number, base: number): void {
    switch (width) {
      case CODING.same:
        target.fill(base, 0, count);
        return;
      // One loop for each, so that each works on arrays of one class.
      case CODING.byte: {
        const [from, at] = [this.#bytes, this.#take(count)];
        for (let index = 0; index < count; index += 1) target[index] = (from[at + index] as number) + base;
        return;
      }
      case CODING.short: {
        const [from, at] = [this.#shorts, this.#take(count * 2) >>> 1];
        for (let index = 0; index < count; index += 1) target[index] = (from[at + index] as number) + base;
        return;
      }
      case CODING.int: {
        const [from, at] = [this.#ints, this.#take(count * 4) >>> 2];
        for (let index = 0; index < count; index += 1) target[index] = (from[at + index] as number) + base;
        return;
      }
      case CODING.double: {
        const at = this.#take(count * 8) >>> 3;
        target.set(this.#doubles.subarray(at, at + count));
        return;
      }
      default:
        throw new RangeError(`no column is coded as ${width}`);
    }
  }

  /** Where the next `length` bytes are; what follows begins at a multiple of 8. */
  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw tooShort();
    this.#at = (at + length + 7) & ~7;
    return at;
  }

  #view(memory: ArrayBufferLike): void {
    if (this.#memory === memory) return;
    this.#memory = memory;
    const { byteLength } = memory;
    this.#bytes = Buffer.from(memory as ArrayBuffer);
    this.#shorts = new Uint16Array(memory as ArrayBuffer, 0, byteLength >>> 1);
    this.#ints = new Uint32Array(memory as ArrayBuffer, 0, byteLength >>> 2);
    this.#doubles = new Float64Array(memory as ArrayBuffer, 0, byteLength >>> 3);
    this.#bigints = new BigInt64Array(memory as ArrayBuffer, 0, byteLength >>> 3);
  }
}

function tooShort(): RangeError {
  return new RangeError('the payload is shorter than its columns');
}
