import { types } from 'node:util';
import { UserError } from '../base/errors.ts';
import type { RowEncoder } from './row-encoder.ts';

export interface CsvWriteOptions<T> {
  /** Fields to write, in this order; also the header. */
  readonly columns: readonly (keyof T & string)[];
  /** Whether every file begins with the names of its columns. Default true. */
  readonly header?: boolean;
  /** One character. Default `,` */
  readonly delimiter?: string;
}

/**
 * RFC 4180, lines end in a line feed. Null and missing values are empty, dates ISO 8601, objects and arrays JSON.
 * A field is quoted when it holds the delimiter, a quote, a line break, or begins or ends with a blank.
 */
export class CsvEncoder<T> implements RowEncoder<T> {
  readonly extension = 'csv';
  readonly header: string;
  readonly #columns: readonly (keyof T & string)[];
  readonly #delimiter: string;
  readonly #special: RegExp;

  /** @throws UserError without columns, with one named twice, or a delimiter that is not one character */
  constructor({ columns, header = true, delimiter = ',' }: CsvWriteOptions<T>) {
    if (columns.length === 0) throw new UserError('CSV needs at least one column');
    const twice = columns.find((column, index) => columns.indexOf(column) !== index);
    if (twice !== undefined) throw new UserError(`CSV: the column "${twice}" is named twice`);
    if (!/^[^"\r\n]$/.test(delimiter))
      throw new UserError(`CSV: the delimiter must be one character, got "${delimiter}"`);
    this.#columns = columns;
    this.#delimiter = delimiter;
    this.#special = new RegExp(`["\\r\\n${delimiter.replace(/[\\\]^-]/, '\\$&')}]|^\\s|\\s$|^\\ufeff`);
    this.header = header ? `${this.#line(columns)}\n` : '';
  }

  encode(value: T): string {
    let line = '';
    for (const column of this.#columns) {
      const field = value[column];
      if (line !== '' || column !== this.#columns[0]) line += this.#delimiter;
      line += typeof field === 'number' ? String(field) : this.#field(field);
    }
    // A line with nothing on it would be no record to readers.
    return line === '' ? '""\n' : `${line}\n`;
  }

  #line(fields: readonly string[]): string {
    return fields.map((field) => this.#field(field)).join(this.#delimiter);
  }

  #field(value: unknown): string {
    const text = textOf(value);
    return this.#special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }
}

function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'undefined':
      return '';
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'symbol':
      return String(value);
    case 'object':
      if (value === null) return '';
      return types.isDate(value) ? value.toISOString() : JSON.stringify(value);
    case 'function':
      throw new UserError('CSV cannot hold a function');
  }
}
