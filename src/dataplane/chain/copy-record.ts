import { types } from 'node:util';

const MAX_DEPTH = 32;

/**
 * A copy that shares nothing changeable with the original: what `pipeline.object-reuse: false` promises where one
 * object would reach two holders. Prototypes are kept; functions and handles are shared.
 */
export function copyRecord<T>(value: T, depth = 0): T {
  if (typeof value !== 'object' || value === null) return value;
  return copyObject(value, depth) as T;
}

function copyObject(value: object, depth: number): unknown {
  if (depth >= MAX_DEPTH) return structuredClone(value);
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    for (const item of value as unknown[]) copy.push(copyRecord(item, depth + 1));
    return copy;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) {
    const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) };
    for (const field in copy) {
      const inner = copy[field];
      if (typeof inner === 'object' && inner !== null) copy[field] = copyObject(inner, depth + 1);
    }
    return copy;
  }
  return copySpecial(value, prototype, depth);
}

function copySpecial(value: object, prototype: unknown, depth: number): unknown {
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    for (const [key, item] of value) copy.set(copyRecord(key, depth + 1), copyRecord(item, depth + 1));
    return copy;
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>();
    for (const item of value) copy.add(copyRecord(item, depth + 1));
    return copy;
  }
  if (
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value)
  ) {
    return structuredClone(value);
  }
  const copy = Object.create(prototype as object | null) as Record<string, unknown>;
  for (const field of Object.keys(value)) {
    const inner = copyRecord((value as Record<string, unknown>)[field], depth + 1);
    Object.defineProperty(copy, field, {
      value: inner,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return copy;
}
