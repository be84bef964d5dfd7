import type * as Avsc from 'avsc';

/** avsc refuses larger ones. */
const LONG_MAX = Number.MAX_SAFE_INTEGER - 1;
/** Below this, twice the number less one is not exact: avsc would change it. */
const LONG_MIN = -(2 ** 52);

/** Whether Avro gives the value back as it is. */
export function avroFits(type: Avsc.Type, value: unknown): boolean {
  switch (type.typeName) {
    case 'null':
      return value === null;
    case 'boolean':
      return typeof value === 'boolean';
    case 'int':
      return typeof value === 'number' && (value | 0) === value && !Object.is(value, -0);
    case 'long':
      return isLong(value);
    case 'float':
      return typeof value === 'number' && Object.is(Math.fround(value), value);
    case 'double':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string' && value.isWellFormed();
    case 'bytes':
      return isBuffer(value);
    case 'fixed':
      return isBuffer(value) && value.byteLength === (type as Avsc.types.FixedType).size;
    case 'enum':
      return typeof value === 'string' && (type as Avsc.types.EnumType).symbols.includes(value);
    case 'array':
      return Array.isArray(value) && everyItem((type as Avsc.types.ArrayType).itemsType, value);
    case 'map':
      return isPlainObject(value) && everyEntry((type as Avsc.types.MapType).valuesType, value);
    case 'record':
      return isPlainObject(value) && everyField((type as Avsc.types.RecordType).fields, value);
    case 'union:unwrapped':
      return (type as Avsc.types.UnwrappedUnionType).types.some((branch) => avroFits(branch, value));
    default:
      return false;
  }
}

function isLong(value: unknown): boolean {
  if (typeof value !== 'number' || !Number.isInteger(value) || Object.is(value, -0)) return false;
  return value >= LONG_MIN && value <= LONG_MAX;
}

function everyItem(type: Avsc.Type, items: readonly unknown[]): boolean {
  for (let index = 0; index < items.length; index += 1) if (!avroFits(type, items[index])) return false;
  return true;
}

function everyEntry(type: Avsc.Type, map: Readonly<Record<string, unknown>>): boolean {
  for (const name in map) {
    if (name === '__proto__' || !name.isWellFormed() || !avroFits(type, map[name])) return false;
  }
  return true;
}

function everyField(
  fields: readonly { readonly name: string; readonly type: Avsc.Type }[],
  record: Readonly<Record<string, unknown>>,
): boolean {
  let at = 0;
  for (const name in record) {
    const field = fields[at];
    if (field?.name !== name || !avroFits(field.type, record[name])) return false;
    at += 1;
  }
  return at === fields.length;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isBuffer(value: unknown): value is Buffer {
  return Buffer.isBuffer(value) && Object.getPrototypeOf(value) === Buffer.prototype;
}
