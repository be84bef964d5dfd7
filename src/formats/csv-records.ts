import { FILE_RECORD_BYTES_MAX } from '../base/limits.ts';
import type { InputFile } from './file-format.ts';
import type { LineChunk } from './lines.ts';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Whole CSV records of a file in which quoted fields may contain line breaks, from byte `start` (the beginning of a record)
 * on. A quote opens a field only at the field's start, so a stray one does not swallow the rest of the file.
 */
export async function* recordsOf(
  file: InputFile,
  start: number,
  delimiter: string,
  quote: string,
): AsyncGenerator<LineChunk, void> {
  const scanner = new RecordScanner(delimiter, quote);
  let position = start;
  let carried: Uint8Array[] = [];
  let carriedBytes = 0;
  for await (const bytes of file.chunks(start)) {
    const cut = scanner.lastRecordEnd(bytes);
    if (cut > 0) {
      const whole = Buffer.concat([...carried, bytes.subarray(0, cut)]);
      yield { offset: position, bytes: whole };
      position += whole.length;
      carried = [];
      carriedBytes = 0;
    }
    if (cut < bytes.length) carried.push(bytes.subarray(cut));
    carriedBytes += bytes.length - cut;
    if (carriedBytes > FILE_RECORD_BYTES_MAX) {
      throw new Error(
        `the record at byte ${position} is longer than ${FILE_RECORD_BYTES_MAX} bytes: is a quote not closed?`,
      );
    }
  }
  if (carriedBytes > 0) yield { offset: position, bytes: Buffer.concat(carried) };
}

type Place = 'field-start' | 'plain' | 'quoted' | 'quote-in-quoted';

/** Finds ends of records over chunks that follow each other. */
class RecordScanner {
  readonly #delimiter: number;
  readonly #quote: number;
  #place: Place = 'field-start';

  constructor(delimiter: string, quote: string) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#quote = quote.charCodeAt(0);
  }

  /** Index after the last byte that ends a record; 0 when none does. */
  lastRecordEnd(bytes: Uint8Array): number {
    const inQuotes = this.#place === 'quoted' || this.#place === 'quote-in-quoted';
    if (!inQuotes && !bytes.includes(this.#quote)) return this.#withoutQuotes(bytes);
    let end = 0;
    let place = this.#place;
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] as number;
      if (place === 'quoted') {
        if (byte === this.#quote) place = 'quote-in-quoted';
        continue;
      }
      if (byte === NEWLINE) {
        end = index + 1;
        place = 'field-start';
      } else if (byte === this.#delimiter) place = 'field-start';
      else if (byte === this.#quote && place !== 'plain') place = 'quoted';
      else if (byte !== CARRIAGE_RETURN || place !== 'quote-in-quoted') place = 'plain';
    }
    this.#place = place;
    return end;
  }

  #withoutQuotes(bytes: Uint8Array): number {
    const last = bytes.at(-1);
    if (last === NEWLINE || last === this.#delimiter) this.#place = 'field-start';
    else if (last !== undefined) this.#place = 'plain';
    return bytes.lastIndexOf(NEWLINE) + 1;
  }
}
