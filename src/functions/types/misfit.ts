import { types } from 'node:util';
import { BYTES_CLASSES } from './bytes-classes.ts';
import type { FieldDescriptor, TypeDescriptor } from './descriptor.ts';

/** Where a value differs from its declaration. */
export interface Misfit {
  /** As `items[2].price`; empty for the value itself. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const NAME_CHARS = 60;

/** The first place where the value is not of its type; the order of fields does not count. `external` types are not looked into. */
export function findMisfit(type: TypeDescriptor, value: unknown, path = ''): Misfit | undefined {
  switch (type.kind) {
    case 'nullable':
      return value === null ? undefined : findMisfit(type.of, value, path);
    case 'optional':
      return value === undefined ? undefined : findMisfit(type.of, value, path);
    case 'array':
      return isKind(value, Array) ? items(type.item, value, path) : misfit(type, value, path);
    case 'set':
      return isKind(value, Set) ? items(type.item, [...value], path) : misfit(type, value, path);
    case 'map':
      return isKind(value, Map)
        ? (items(type.key, [...value.keys()], path) ?? items(type.value, [...value.values()], path))
        : misfit(type, value, path);
    case 'tuple':
      return isKind(value, Array) && value.length === type.items.length
        ? first(type.items, (item, index) => findMisfit(item, value[index], `${path}[${index}]`))
        : misfit(type, value, path);
    case 'record':
      return isObject(value) ? fields(type.fields, value, path) : misfit(type, value, path);
    case 'string':
    case 'int':
    case 'long':
    case 'double':
    case 'boolean':
    case 'bigint':
    case 'date':
    case 'generic':
    case 'bytes':
    case 'external':
      return isLeaf(type, value) ? undefined : misfit(type, value, path);
  }
}

type Leaf = Exclude<
  TypeDescriptor,
  { readonly kind: 'nullable' | 'optional' | 'array' | 'set' | 'map' | 'tuple' | 'record' }
>;

function isLeaf(type: Leaf, value: unknown): boolean {
  switch (type.kind) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return typeof value === type.kind;
    case 'double':
      return typeof value === 'number';
    case 'int':
      return (
        Number.isInteger(value) &&
        !Object.is(value, -0) &&
        (value as number) >= INT32_MIN &&
        (value as number) <= INT32_MAX
      );
    case 'long':
      return Number.isSafeInteger(value);
    case 'date':
      return types.isDate(value) && Object.getPrototypeOf(Object.getPrototypeOf(value)) === Object.prototype;
    case 'bytes':
      return types.isTypedArray(value) && isKind<ArrayBufferView>(value, BYTES_CLASSES[type.of]);
    case 'generic':
    case 'external':
      return true;
  }
}

function items(type: TypeDescriptor, values: readonly unknown[], path: string): Misfit | undefined {
  for (let index = 0; index < values.length; index += 1) {
    const at = `${path}[${index}]`;
    if (!(index in values)) return { path: at, expected: nameOf(type), found: 'a hole' };
    const found = findMisfit(type, values[index], at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fields(
  declared: readonly FieldDescriptor[],
  value: Readonly<Record<string, unknown>>,
  path: string,
): Misfit | undefined {
  const prefix = path === '' ? '' : `${path}.`;
  const names = new Set(declared.map(({ name }) => name));
  const extra = Object.keys(value).find((name) => !names.has(name));
  if (extra !== undefined)
    return { path: `${prefix}${short(extra)}`, expected: 'no such field', found: nameOfValue(value[extra]) };
  return first(declared, ({ name, type }) => {
    if (Object.hasOwn(value, name)) return findMisfit(type, value[name], `${prefix}${short(name)}`);
    return mayBeMissing(type)
      ? undefined
      : { path: `${prefix}${short(name)}`, expected: nameOf(type), found: 'no such field' };
  });
}

/** Whether a field of this type may be missing. */
export function mayBeMissing(type: TypeDescriptor): boolean {
  return type.kind === 'optional' || (type.kind === 'nullable' && mayBeMissing(type.of));
}

function first<T>(
  list: readonly T[],
  find: (item: T, index: number) => Misfit | undefined,
): Misfit | undefined {
  for (const [index, item] of list.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function misfit(type: TypeDescriptor, value: unknown, path: string): Misfit {
  return { path, expected: nameOf(type), found: nameOfValue(value) };
}

/** A type as errors call it. */
export function nameOf(type: TypeDescriptor): string {
  switch (type.kind) {
    case 'bytes':
      return type.of;
    case 'nullable':
      return `${nameOf(type.of)} or null`;
    case 'optional':
      return `${nameOf(type.of)} or undefined`;
    case 'tuple':
      return `tuple of ${type.items.length}`;
    case 'external':
      return type.format;
    case 'string':
    case 'int':
    case 'long':
    case 'double':
    case 'boolean':
    case 'bigint':
    case 'date':
    case 'generic':
    case 'array':
    case 'set':
    case 'map':
    case 'record':
      return type.kind.toUpperCase();
  }
}

/** The kind of a value; numbers and bigints with their value, texts never: they may be secret. */
function nameOfValue(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? 'number -0' : `number ${value}`;
    case 'bigint':
      return 'bigint';
    case 'object':
      return value === null
        ? 'null'
        : short((value.constructor as { name?: string } | undefined)?.name ?? 'object');
    case 'string':
    case 'boolean':
    case 'undefined':
    case 'function':
    case 'symbol':
      return typeof value;
  }
}

function short(name: string): string {
  return name.length > NAME_CHARS ? `${name.slice(0, NAME_CHARS)}...` : name;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Of this class itself, not of one that extends it. */
function isKind<T>(value: unknown, kind: { readonly prototype: T }): value is T {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === kind.prototype;
}
