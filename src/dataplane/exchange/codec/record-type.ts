import { types } from 'node:util';
import { SHAPE_DEPTH_MAX, SHAPE_FIELDS_MAX } from '../../../base/limits.ts';
import { isPlain } from '../../../base/plain-value.ts';
import { BYTES_CLASSES } from '../../../functions/types/index.ts';
import type { BytesClass } from '../../../functions/types/index.ts';

/** What may stand in a place instead of a value: a sum of these. `missing` is for fields only. */
export const ABSENT = { never: 0, null: 1, undefined: 2, missing: 4 } as const;
/** What was seen as one of null and undefined may turn out the other. */
const NULL_OR_UNDEFINED = ABSENT.null | ABSENT.undefined;

/**
 * What values of one place in a record look like. `nothing` has been seen as null or undefined only (or not at all: items of
 * empty arrays); `any` is a place of mixed values, which the fallback codec carries as a column of its own. `int`, `long`
 * and `tuple` are declared, never learned.
 */
export type RecordType = (
  | { readonly kind: 'nothing' | LeafKind }
  | { readonly kind: 'bytes'; readonly of: BytesClass }
  | { readonly kind: 'object'; readonly fields: readonly Field[] }
  | { readonly kind: 'array' | 'set'; readonly item: RecordType }
  | { readonly kind: 'map'; readonly key: RecordType; readonly item: RecordType }
  | { readonly kind: 'tuple'; readonly items: readonly RecordType[] }
) & {
  /** A sum of `ABSENT`. */
  readonly absent: number;
};

/** Types with one column of values. */
export type LeafKind = 'number' | 'int' | 'long' | 'string' | 'boolean' | 'bigint' | 'date' | 'any';

export interface Field {
  readonly name: string;
  readonly type: RecordType;
}

/** Items of a container that are looked at to learn their type. */
const SAMPLED_ITEMS = 64;
const INT64_BITS = 64;

const leaf = (kind: LeafKind): RecordType => ({ kind, absent: ABSENT.never });
const NOTHING: RecordType = { kind: 'nothing', absent: ABSENT.never };
const ANY = leaf('any');

/** The type of a record; undefined when it is not worth one, or cannot have one: class instances, cycles, functions. */
export function typeOfRecord(value: unknown): RecordType | undefined {
  const type = typeOf(value, 0);
  if (type === undefined || type.kind === 'any' || type.kind === 'nothing') return undefined;
  return countFields(type) <= SHAPE_FIELDS_MAX ? type : undefined;
}

function typeOf(value: unknown, depth: number): RecordType | undefined {
  switch (typeof value) {
    case 'number':
      return leaf('number');
    case 'string':
      return leaf('string');
    case 'boolean':
      return leaf('boolean');
    case 'bigint':
      return BigInt.asIntN(INT64_BITS, value) === value ? leaf('bigint') : ANY;
    case 'undefined':
      return { kind: 'nothing', absent: NULL_OR_UNDEFINED };
    case 'object':
      return value === null ? { kind: 'nothing', absent: NULL_OR_UNDEFINED } : typeOfObject(value, depth);
    case 'function':
    case 'symbol':
      return undefined;
  }
}

function typeOfObject(value: object, depth: number): RecordType | undefined {
  if (depth < SHAPE_DEPTH_MAX) {
    if (Array.isArray(value)) return typeOfArray(value, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype && isOrdinary(value)) return typeOfFields(value, depth);
    if (types.isDate(value) && isBuiltIn(value, 'Date')) return leaf('date');
    if (types.isMap(value) && isBuiltIn(value, 'Map')) {
      const key = typeOfItems(value.keys(), depth);
      const item = typeOfItems(value.values(), depth);
      return key && item && { kind: 'map', absent: ABSENT.never, key, item };
    }
    if (types.isSet(value) && isBuiltIn(value, 'Set')) {
      const item = typeOfItems(value, depth);
      return item && { kind: 'set', absent: ABSENT.never, item };
    }
    if (types.isTypedArray(value)) return typeOfBytes(value);
  }
  return isPlain(value) ? ANY : undefined;
}

/** Whether the value is of this class itself, and looks so to generated code. */
function isBuiltIn(value: object, name: string): boolean {
  return value.constructor === (globalThis as Record<string, unknown>)[name];
}

/** Whether generated code may look at the fields: no name in them has a meaning of its own. */
function isOrdinary(value: object): boolean {
  return !Object.hasOwn(value, '__proto__') && !Object.hasOwn(value, 'constructor');
}

function typeOfArray(value: readonly unknown[], depth: number): RecordType | undefined {
  const sampled = Math.min(value.length, SAMPLED_ITEMS);
  for (let index = 0; index < sampled; index += 1) if (!(index in value)) return undefined;
  const item = typeOfItems(value, depth);
  return item && { kind: 'array', absent: ABSENT.never, item };
}

function typeOfItems(items: Iterable<unknown>, depth: number): RecordType | undefined {
  let merged: RecordType = NOTHING;
  let seen = 0;
  for (const item of items) {
    const type = typeOf(item, depth + 1);
    if (type === undefined) return undefined;
    merged = mergeTypes(merged, type);
    seen += 1;
    if (seen === SAMPLED_ITEMS) break;
  }
  return merged;
}

function typeOfFields(value: object, depth: number): RecordType | undefined {
  const fields: Field[] = [];
  for (const name of Object.keys(value)) {
    const type = typeOf((value as Record<string, unknown>)[name], depth + 1);
    if (type === undefined) return undefined;
    fields.push({ name, type });
  }
  return { kind: 'object', absent: ABSENT.never, fields };
}

function typeOfBytes(value: object): RecordType | undefined {
  for (const [name, constructor] of Object.entries(BYTES_CLASSES)) {
    if (Object.getPrototypeOf(value) === constructor.prototype)
      return { kind: 'bytes', absent: ABSENT.never, of: name as BytesClass };
  }
  return undefined;
}

/** Whether one shape may serve both: other fields make another shape, not mixed fields. */
export function isSameRecord(a: RecordType, b: RecordType): boolean {
  if (a.kind !== b.kind) return false;
  return a.kind !== 'object' || b.kind !== 'object' || haveSameNames(a.fields, b.fields);
}

function haveSameNames(a: readonly Field[], b: readonly Field[]): boolean {
  return a.length === b.length && a.every(({ name }, index) => name === b[index]?.name);
}

/** The narrowest type that holds the values of both. */
export function mergeTypes(a: RecordType, b: RecordType): RecordType {
  const absent = a.absent | b.absent;
  if (a.kind === 'any' || b.kind === 'any') return ANY;
  if (a.kind === 'nothing') return { ...b, absent };
  if (b.kind === 'nothing') return { ...a, absent };
  switch (a.kind) {
    case 'number':
    case 'int':
    case 'long':
    case 'string':
    case 'boolean':
    case 'bigint':
    case 'date':
      return a.kind === b.kind ? { ...a, absent } : ANY;
    case 'tuple':
      return ANY;
    case 'bytes':
      return b.kind === 'bytes' && a.of === b.of ? { ...a, absent } : ANY;
    case 'object': {
      if (b.kind !== 'object' || !haveSameNames(a.fields, b.fields)) return ANY;
      const fields = a.fields.map(({ name, type }, index) => ({
        name,
        type: mergeTypes(type, (b.fields[index] as Field).type),
      }));
      return { kind: 'object', absent, fields };
    }
    case 'array':
    case 'set':
      return b.kind === a.kind ? { kind: a.kind, absent, item: mergeTypes(a.item, b.item) } : ANY;
    case 'map':
      if (b.kind !== 'map') return ANY;
      return { kind: 'map', absent, key: mergeTypes(a.key, b.key), item: mergeTypes(a.item, b.item) };
  }
}

function countFields(type: RecordType): number {
  switch (type.kind) {
    case 'object':
      return type.fields.reduce((sum, field) => sum + countFields(field.type), 1);
    case 'array':
    case 'set':
      return 1 + countFields(type.item);
    case 'map':
      return 1 + countFields(type.key) + countFields(type.item);
    case 'nothing':
    case 'number':
    case 'int':
    case 'long':
    case 'string':
    case 'boolean':
    case 'bigint':
    case 'date':
    case 'any':
    case 'bytes':
      return 1;
    case 'tuple':
      return type.items.reduce((sum, item) => sum + countFields(item), 1);
  }
}
