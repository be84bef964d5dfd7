import { METADATA_KEY_CHARS_MAX, METADATA_VALUE_BYTES_MAX } from '../base/limits.ts';
import { InvalidKeyError, ValueTooLargeError } from './errors.ts';

const KEY = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const PREFIX = /^[A-Za-z0-9_.-]*$/;

/** @throws InvalidKeyError */
export function checkKey(key: string): void {
  if (key.length > METADATA_KEY_CHARS_MAX) {
    throw new InvalidKeyError(key, `it has ${key.length} characters, ${METADATA_KEY_CHARS_MAX} are allowed`);
  }
  if (!KEY.test(key)) throw new InvalidKeyError(key, 'expected tokens of [A-Za-z0-9_-] joined by dots');
}

/** @throws InvalidKeyError */
export function checkPrefix(prefix: string): void {
  if (!PREFIX.test(prefix)) throw new InvalidKeyError(prefix, 'expected the beginning of a key');
}

/** @throws ValueTooLargeError */
export function checkValue(key: string, value: Uint8Array): void {
  if (value.byteLength > METADATA_VALUE_BYTES_MAX) {
    throw new ValueTooLargeError(key, value.byteLength, METADATA_VALUE_BYTES_MAX);
  }
}

/** A key as a file name: file systems that ignore case still keep `a` and `A` apart. */
export function keyToFileName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `+${letter.toLowerCase()}`);
}

/** The inverse of `keyToFileName`; undefined for a name that no key has. */
export function fileNameToKey(name: string): string | undefined {
  const key = name.replaceAll(/\+([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return KEY.test(key) && keyToFileName(key) === name ? key : undefined;
}
