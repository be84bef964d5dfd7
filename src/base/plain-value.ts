import { types } from 'node:util';
import { RECORD_DEPTH_MAX } from './limits.ts';

/** Whether MessagePack gives the value back as it was. */
export function isPlain(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed();
    case 'boolean':
    case 'undefined':
    case 'bigint':
      return true;
    case 'number':
      return value !== 0 || 1 / value > 0;
    case 'function':
    case 'symbol':
      return false;
    case 'object':
      return value === null || isPlainObject(value, depth + 1);
  }
}

function isPlainObject(value: object, depth: number): boolean {
  // Deeper ones, and those that hold themselves.
  if (depth > RECORD_DEPTH_MAX) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      if (!isPlain(value[index], depth) || (value[index] === undefined && !(index in value))) return false;
    }
    return true;
  }
  if (value instanceof Map) {
    for (const [key, item] of value) if (!isPlain(key, depth) || !isPlain(item, depth)) return false;
    return true;
  }
  if (value instanceof Set) {
    for (const item of value) if (!isPlain(item, depth)) return false;
    return true;
  }
  if (types.isDate(value)) return Number.isSafeInteger(value.getTime());
  if (
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    value instanceof Error ||
    value instanceof RegExp
  )
    return false;
  if (Object.getPrototypeOf(value) !== Object.prototype && ('toJSON' in value || value instanceof Promise)) {
    return false;
  }
  for (const field in value) {
    if (field === '__proto__' || field === 'toJSON' || !field.isWellFormed()) return false;
    if (!isPlain((value as Record<string, unknown>)[field], depth)) return false;
  }
  return true;
}
