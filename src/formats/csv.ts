import { CsvError, parse } from 'csv-parse/sync';
import type { Options } from 'csv-parse/sync';
import { UserError } from '../base/errors.ts';
import { csvConverters } from './csv-columns.ts';
import type { CsvColumns, CsvConverter, CsvRecord } from './csv-columns.ts';
import { recordsOf } from './csv-records.ts';
import type { FileDecoder, FileFormat, FileRange, InputFile } from './file-format.ts';
import { lineRanges, linesOf } from './lines.ts';
import { rowFactory } from './row-factory.ts';
import { TextBlockDecoder } from './text-blocks.ts';
import type { ParsedText } from './text-blocks.ts';

export interface CsvReadOptions<C extends CsvColumns = CsvColumns> {
  /**
   * With a header: the columns to read, by name (default: all). Without: the names of all columns, in their order.
   * As an object `{ name: 'string' | 'number' | 'bigint' | 'boolean' }` it also says what values are turned into; as a list,
   * values stay text. Empty values of a typed column other than `string` become null.
   */
  readonly columns?: C;
  /** Whether the first record names the columns. Default true. */
  readonly header?: boolean;
  /** One character. Default `,` */
  readonly delimiter?: string;
  /** One character. Default `"`; doubled inside a quoted field. */
  readonly quote?: string;
  /** Records that begin with this text are passed over. Default: none. */
  readonly comment?: string;
  /**
   * Whether quoted fields may contain line breaks. Default true: then a file is read by one subtask, since nobody can tell in
   * the middle of a file whether a line break ends a record. False lets several subtasks share a file.
   */
  readonly multiline?: boolean;
}

interface ResolvedOptions {
  readonly columns: CsvColumns | undefined;
  readonly header: boolean;
  readonly delimiter: string;
  readonly quote: string;
  readonly multiline: boolean;
  readonly parser: Options;
}

/** Comma-separated values as RFC 4180 has them, UTF-8. */
export class CsvFormat<const C extends CsvColumns = CsvColumns> implements FileFormat<CsvRecord<C>> {
  readonly name = 'CSV';
  readonly unit = 'bytes' as const;
  readonly #options: ResolvedOptions;

  /** @throws UserError when options contradict each other */
  constructor(options: CsvReadOptions<C> = {}) {
    this.#options = resolve(options);
  }

  ranges(file: InputFile, splitBytes: number): readonly FileRange[] {
    const whole = file.size === 0 ? [] : [{ start: 0, end: Number.MAX_SAFE_INTEGER }];
    return this.#options.multiline ? whole : lineRanges(file, splitBytes);
  }

  async open(file: InputFile, range: FileRange, offset: number): Promise<FileDecoder<CsvRecord<C>>> {
    const { multiline, delimiter, quote } = this.#options;
    const layout = layoutOf<CsvRecord<C>>(file, await this.#names(file), this.#options);
    const chunks = multiline ? recordsOf(file, offset, delimiter, quote) : linesOf(file, range, offset);
    return new TextBlockDecoder(file, offset, chunks, (text, isFileStart) =>
      parseRecords(text, isFileStart && this.#options.header, layout, this.#options.parser),
    );
  }

  /** Names of the columns in the file, in their order. */
  async #names(file: InputFile): Promise<readonly string[]> {
    const { header, columns, delimiter, quote, parser } = this.#options;
    if (!header) return namesOf(columns ?? []);
    const chunks = recordsOf(file, 0, delimiter, quote);
    const { value: first } = await chunks.next();
    await chunks.return(undefined);
    const [names] = first === undefined ? [] : rawRecords(first.bytes.toString('utf8'), { ...parser, to: 1 });
    if (names === undefined)
      throw new UserError(`${file.path} has no header: the first line must name the columns`);
    return names.record;
  }
}

function resolve(options: CsvReadOptions): ResolvedOptions {
  const { columns, header = true, delimiter = ',', quote = '"', comment, multiline = true } = options;
  if (
    delimiter.length !== 1 ||
    delimiter.charCodeAt(0) > 0x7f ||
    quote.length !== 1 ||
    quote.charCodeAt(0) > 0x7f
  ) {
    throw new UserError(
      `CSV: delimiter and quote must be one ASCII character each, got "${delimiter}" and "${quote}"`,
    );
  }
  if (!header && columns === undefined)
    throw new UserError('CSV without a header needs the names of its columns');
  const parser: Options = {
    delimiter,
    quote,
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    ...(comment === undefined ? {} : { comment }),
  };
  return { columns, header, delimiter, quote, multiline, parser };
}

function namesOf(columns: CsvColumns): readonly string[] {
  return Array.isArray(columns) ? (columns as readonly string[]) : Object.keys(columns);
}

/** How raw fields become a record. */
interface Layout<T> {
  /** Fields of a raw record. */
  readonly width: number;
  /** Places of the wanted fields in the raw record. */
  readonly places: readonly number[];
  readonly names: readonly string[];
  readonly converters: readonly (CsvConverter | undefined)[];
  readonly make: (columns: readonly ArrayLike<unknown>[], from: number, to: number) => T[];
}

function layoutOf<T>(file: InputFile, present: readonly string[], options: ResolvedOptions): Layout<T> {
  const twice = present.find((name, index) => present.indexOf(name) !== index);
  if (twice !== undefined) throw new UserError(`${file.path}: the column "${twice}" is there twice`);
  const names = options.columns === undefined ? present : namesOf(options.columns);
  const places = names.map((name) => present.indexOf(name));
  const missing = names.filter((_, index) => places[index] === -1);
  if (missing.length > 0) {
    throw new UserError(
      `${file.path} has no column ${missing.join(', ')}: its columns are ${present.join(', ')}`,
    );
  }
  const converters = csvConverters(options.columns, names);
  return { width: present.length, places, names, converters, make: rowFactory<T>(names) };
}

interface RawRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

function rawRecords(text: string, options: Options): readonly RawRecord[] {
  return parse(text, options) as unknown as readonly RawRecord[];
}

/** Parses whole records. A chunk that the parser refuses is gone through line by line to find the bad ones. */
function parseRecords<T>(
  text: string,
  dropFirst: boolean,
  layout: Layout<T>,
  options: Options,
): ParsedText<T> {
  const collector = new Collector<T>(layout, dropFirst);
  try {
    for (const raw of rawRecords(text, options)) collector.add(raw, 0);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const careful = new Collector<T>(layout, dropFirst);
    parseCarefully(text, options, careful);
    return careful.result(countNewlines(text));
  }
  return collector.result(countNewlines(text));
}

/** Takes lines until they make a record; what makes none is bad by its first line alone. */
function parseCarefully<T>(text: string, options: Options, collector: Collector<T>): void {
  const lines = text.split('\n');
  let line = 0;
  while (line < lines.length) {
    let taken = 1;
    for (;;) {
      const part = lines.slice(line, line + taken).join('\n');
      try {
        for (const raw of rawRecords(part, options)) collector.add(raw, line);
        break;
      } catch (error) {
        const open = error instanceof CsvError && error.code === 'CSV_QUOTE_NOT_CLOSED';
        if (open && taken < MULTILINE_TRIES && line + taken < lines.length) {
          taken += 1;
          continue;
        }
        taken = 1;
        collector.fail(line, lines[line] ?? '', error);
        break;
      }
    }
    line += taken;
  }
}

/** Lines tried as one record when looking for the end of a quote in malformed text. */
const MULTILINE_TRIES = 100;

/** Gathers fields by column and what is wrong with them. */
class Collector<T> {
  readonly #layout: Layout<T>;
  readonly #columns: unknown[][];
  readonly #failures: { index: number; line: number; raw: string; cause: unknown }[] = [];
  #rows = 0;
  #drop: boolean;

  constructor(layout: Layout<T>, dropFirst: boolean) {
    this.#layout = layout;
    this.#drop = dropFirst;
    this.#columns = layout.names.map(() => []);
  }

  /** @param firstLine line of the parsed text in its chunk */
  add({ record, info }: RawRecord, firstLine: number): void {
    if (this.#drop) {
      this.#drop = false;
      return;
    }
    const { width, places, converters, names } = this.#layout;
    if (record.length !== width) {
      const cause = new UserError(`${record.length} columns, expected ${width}`);
      this.#failRecord(record, info.lines + firstLine, cause);
      return;
    }
    for (let index = 0; index < places.length; index += 1) {
      const field = record[places[index] as number] as string;
      const value = converters[index]?.(field);
      if (value === undefined && converters[index] !== undefined) {
        for (let done = 0; done < index; done += 1) this.#columns[done]?.pop();
        const cause = new UserError(`column "${names[index]}": "${field}" is not valid`);
        this.#failRecord(record, info.lines + firstLine, cause);
        return;
      }
      (this.#columns[index] as unknown[]).push(converters[index] === undefined ? field : value);
    }
    this.#rows += 1;
  }

  fail(line: number, raw: string, cause: unknown): void {
    this.#drop = false;
    this.#failures.push({ index: this.#rows, line, raw: raw.replace(/\r$/, ''), cause });
  }

  result(lines: number): ParsedText<T> {
    return { rows: this.#layout.make(this.#columns, 0, this.#rows), failures: this.#failures, lines };
  }

  /** `lastLine` counts from 1, as the parser does: a record of several lines is known by its first. */
  #failRecord(record: readonly string[], lastLine: number, cause: unknown): void {
    const raw = record.join(',');
    this.fail(lastLine - 1 - countNewlines(raw), raw, cause);
  }
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
