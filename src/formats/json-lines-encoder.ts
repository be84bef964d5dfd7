import { UserError } from '../base/errors.ts';
import type { RowEncoder } from './row-encoder.ts';

/** One JSON value per line. Big integers are written as numbers, digit for digit. */
export class JsonLinesEncoder<T> implements RowEncoder<T> {
  readonly extension = 'jsonl';
  readonly header = '';

  /** @throws UserError for a value that JSON does not know, such as undefined */
  encode(value: T): string {
    const text = JSON.stringify(value, withBigints) as string | undefined;
    if (text === undefined) throw new UserError(`JSON cannot hold ${typeof value}`);
    return `${text}\n`;
  }
}

/** ECMAScript's JSON.rawJSON, which TypeScript's library does not declare yet. */
const { rawJSON } = JSON as unknown as { rawJSON(this: void, text: string): unknown };

function withBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(value.toString()) : value;
}
