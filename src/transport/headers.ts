import { InvalidHeaderError } from './errors.ts';

export type Headers = Readonly<Record<string, string>>;

const NAME = /^[!-9;-~]+$/;
const LINE_BREAK = /[\r\n]/;
const NONE: Headers = Object.freeze(Object.create(null) as Record<string, string>);

/** No headers: shared, frozen, without a prototype. */
export const NO_HEADERS = NONE;

/**
 * Checks names (visible ASCII without a colon) and values (one line), and returns them trimmed in an object without
 * a prototype, so that a header called `__proto__` is a header like any other.
 *
 * @throws InvalidHeaderError
 */
export function checkedHeaders(headers: Headers | undefined): Headers {
  if (headers === undefined) return NONE;
  const names = Object.keys(headers);
  if (names.length === 0) return NONE;
  const result = Object.create(null) as Record<string, string>;
  for (const name of names) {
    const value = headers[name];
    if (!NAME.test(name))
      throw new InvalidHeaderError(name, 'names are visible ASCII characters without a colon');
    if (typeof value !== 'string')
      throw new InvalidHeaderError(name, `the value is a ${typeof value}, not a string`);
    if (LINE_BREAK.test(value)) throw new InvalidHeaderError(name, 'values have no line breaks');
    result[name] = value.trim();
  }
  return Object.freeze(result);
}

/** Headers as `[name, value, name, value...]`: survives structured clone whatever the names are. */
export function flattenHeaders(headers: Headers): string[] | undefined {
  let flat: string[] | undefined;
  for (const name of Object.keys(headers)) (flat ??= []).push(name, headers[name] ?? '');
  return flat;
}

/** The inverse of `flattenHeaders`. */
export function unflattenHeaders(flat: readonly string[] | undefined): Headers {
  if (flat === undefined || flat.length === 0) return NONE;
  const result = Object.create(null) as Record<string, string>;
  for (let at = 0; at + 1 < flat.length; at += 2) result[flat[at] as string] = flat[at + 1] as string;
  return Object.freeze(result);
}
