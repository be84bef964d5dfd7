import type { FileDecoder, FileFormat, FileRange, InputFile } from './file-format.ts';
import { lineRanges, linesOf } from './lines.ts';
import { TextBlockDecoder } from './text-blocks.ts';
import type { ParsedText } from './text-blocks.ts';

/**
 * One JSON value per line. Blank lines are passed over; a key `__proto__` becomes an ordinary property, as `JSON.parse` makes
 * it, and never a prototype.
 */
export class JsonLinesFormat<T> implements FileFormat<T> {
  readonly name = 'JSON lines';
  readonly unit = 'bytes' as const;

  ranges(file: InputFile, splitBytes: number): readonly FileRange[] {
    return lineRanges(file, splitBytes);
  }

  open(file: InputFile, range: FileRange, offset: number): FileDecoder<T> {
    return new TextBlockDecoder<T>(file, offset, linesOf(file, range, offset), parseJsonLines);
  }
}

/** Parses every line; one `try` spans all good lines between two bad ones. */
export function parseJsonLines<T>(text: string): ParsedText<T> {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const rows: T[] = [];
  const failures = [];
  let line = 0;
  while (line < lines.length) {
    try {
      for (; line < lines.length; line += 1) {
        const raw = lines[line] as string;
        if (raw.length > 1 || raw.trim() !== '') rows.push(JSON.parse(raw) as T);
      }
    } catch (cause) {
      const raw = lines[line] as string;
      if (raw.trim() !== '') failures.push({ index: rows.length, line, raw, cause });
      line += 1;
    }
  }
  return { rows, failures, lines: lines.length };
}
