import { UserError } from '../base/errors.ts';
import type { Key, PrimitiveKey } from '../functions/basic.ts';
import { finish, mixBlock, mixNumber, mixText } from './murmur.ts';

/**
 * What hash tables use for a key: a primitive stands for itself, a tuple becomes a text that no other key has. Equal
 * keys have equal identities, and `keyFromIdentity` gives the key back.
 */
export type KeyIdentity = PrimitiveKey;

const ADVICE =
  'a key must be a string, number, bigint, boolean, null, or an array of these: ' +
  'return one field of the record, or several as [record.a, record.b]';

/** Marks identities that are not the key itself; a text that begins with it is escaped. */
const MARK = '\u0000';

/** @throws UserError when the value cannot be a key */
export function keyIdentity(key: unknown): KeyIdentity {
  if (typeof key === 'string') return key.charCodeAt(0) === 0 ? `${MARK}s${key}` : key;
  if (typeof key === 'number') {
    if (key === key) return key;
    throw new UserError(`the key of a record is NaN; ${ADVICE}`);
  }
  if (key === null || typeof key === 'boolean' || typeof key === 'bigint') return key;
  if (Array.isArray(key)) return tupleIdentity(key);
  throw refused(key);
}

/** The key of an identity; a tuple comes as a new array. */
export function keyFromIdentity(identity: KeyIdentity): Key {
  if (typeof identity !== 'string' || identity.charCodeAt(0) !== 0) return identity;
  if (identity[1] === 's') return identity.slice(2);
  return parseTuple(identity);
}

/** Hash of a key, unsigned 32 bit; the same on every machine and in every release. @throws UserError as keyIdentity */
export function hashKey(key: unknown): number {
  if (typeof key === 'number' && key === key) {
    return (key | 0) === key ? finish(mixBlock(0, key | 0), 4) : finish(mixNumber(0, key), 8);
  }
  if (typeof key === 'string') return finish(mixText(0, key), key.length * 2);
  if (Array.isArray(key)) {
    let hash = 0;
    for (const part of key as unknown[]) hash = mixPart(hash, part);
    return finish(hash, key.length);
  }
  return finish(mixPart(0, key), 4);
}

function mixPart(hash: number, part: unknown): number {
  switch (typeof part) {
    case 'number':
      if (part !== part) throw new UserError(`the key of a record is NaN; ${ADVICE}`);
      return mixNumber(hash, part);
    case 'string':
      return mixText(hash, part);
    case 'boolean':
      return mixBlock(hash, part ? 1231 : 1237);
    case 'bigint':
      return mixText(hash, part.toString(36));
    case 'object':
      if (part === null) return mixBlock(hash, 0x6e756c6c);
      throw refused(part);
    case 'undefined':
    case 'function':
    case 'symbol':
      throw refused(part);
  }
}

function tupleIdentity(parts: readonly unknown[]): string {
  let text = `${MARK}t`;
  for (const part of parts) {
    switch (typeof part) {
      case 'number':
        if (part !== part) throw new UserError(`the key of a record holds NaN; ${ADVICE}`);
        text += `n${part};`;
        break;
      case 'string':
        text += `s${part.length}:${part}`;
        break;
      case 'boolean':
        text += part ? 'T' : 'F';
        break;
      case 'bigint':
        text += `i${part};`;
        break;
      case 'object':
        if (part !== null) throw refused(part);
        text += 'N';
        break;
      case 'undefined':
      case 'function':
      case 'symbol':
        throw refused(part);
    }
  }
  return text;
}

function parseTuple(text: string): PrimitiveKey[] {
  const parts: PrimitiveKey[] = [];
  let at = 2;
  const until = (mark: string): string => {
    const end = text.indexOf(mark, at);
    const found = text.slice(at, end);
    at = end + 1;
    return found;
  };
  while (at < text.length) {
    const tag = text[at];
    at += 1;
    if (tag === 'n') parts.push(Number(until(';')));
    else if (tag === 'i') parts.push(BigInt(until(';')));
    else if (tag === 's') {
      const length = Number(until(':'));
      parts.push(text.slice(at, at + length));
      at += length;
    } else parts.push(tag === 'N' ? null : tag === 'T');
  }
  return parts;
}

function refused(value: unknown): UserError {
  if (value === undefined) return new UserError(`the key of a record is undefined; ${ADVICE}`);
  if (value instanceof Promise)
    return new UserError(`a key selector returned a promise: key selectors are synchronous; ${ADVICE}`);
  const what =
    typeof value === 'object'
      ? `an object (${(value as object).constructor?.name ?? 'no class'})`
      : `a ${typeof value}`;
  return new UserError(`the key of a record is ${what}; ${ADVICE}`);
}
