import { FILE_RECORD_BYTES_MAX } from '../base/limits.ts';
import type { FileRange, InputFile } from './file-format.ts';

const NEWLINE = 0x0a;

/** Whole lines with the byte offset of the first one. */
export interface LineChunk {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Cuts a file into ranges of about `splitBytes`; lines belong to the range in which their first byte stands. */
export function lineRanges(file: InputFile, splitBytes: number): readonly FileRange[] {
  if (file.compressed) return [{ start: 0, end: Number.MAX_SAFE_INTEGER }];
  if (file.size === 0) return [];
  const count = Math.max(1, Math.round(file.size / splitBytes));
  const bytes = Math.ceil(file.size / count);
  return Array.from({ length: count }, (_, index) => ({
    start: index * bytes,
    end: Math.min(file.size, (index + 1) * bytes),
  })).filter(({ start, end }) => start < end);
}

/**
 * The whole lines of a range. Reading begins at `offset`: the range's start, where the line that began before is left to the
 * range before, or a later line start.
 */
export async function* linesOf(
  file: InputFile,
  range: FileRange,
  offset: number,
): AsyncGenerator<LineChunk, void> {
  const inside = offset === range.start && offset > 0;
  let position = inside ? offset - 1 : offset;
  let skipping = inside;
  let carried: Uint8Array[] = [];
  let carriedBytes = 0;
  for await (const chunk of file.chunks(position)) {
    let bytes = chunk;
    if (skipping) {
      const end = bytes.indexOf(NEWLINE);
      position += end < 0 ? bytes.length : end + 1;
      if (end < 0) continue;
      skipping = false;
      bytes = bytes.subarray(end + 1);
    }
    if (position >= range.end) return;
    const toEnd = range.end - 1 - position - carriedBytes;
    const last = toEnd < bytes.length ? bytes.indexOf(NEWLINE, Math.max(0, toEnd)) : -1;
    const cut = last >= 0 ? last : bytes.lastIndexOf(NEWLINE);
    if (cut >= 0) {
      const whole = joined([...carried, bytes.subarray(0, cut + 1)]);
      yield { offset: position, bytes: whole };
      if (last >= 0) return;
      position += whole.length;
      carried = [];
      carriedBytes = 0;
    }
    const rest = bytes.subarray(cut + 1);
    if (rest.length > 0) carried.push(rest);
    carriedBytes += rest.length;
    if (carriedBytes > FILE_RECORD_BYTES_MAX) {
      throw new Error(`the line at byte ${position} is longer than ${FILE_RECORD_BYTES_MAX} bytes`);
    }
  }
  if (carriedBytes > 0) yield { offset: position, bytes: joined(carried) };
}

/** Number of line ends before byte `end`. */
export async function countLines(file: InputFile, end: number): Promise<number> {
  let position = 0;
  let lines = 0;
  if (end === 0) return lines;
  for await (const chunk of file.chunks(0)) {
    const bytes = chunk.subarray(0, Math.max(0, end - position));
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1;
    position += chunk.length;
    if (position >= end) break;
  }
  return lines;
}

function joined(parts: readonly Uint8Array[]): Buffer {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return Buffer.from(only.buffer, only.byteOffset, only.length);
  return Buffer.concat(parts);
}
