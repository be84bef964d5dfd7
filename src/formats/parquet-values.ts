import type { ParquetParsers, SchemaTree } from 'hyparquet';
import { UserError } from '../base/errors.ts';

export interface ParquetValueOptions {
  /** 64-bit integers as `number` (a value above 2^53 fails the job) or `bigint`. Default `number`. */
  readonly int64?: 'number' | 'bigint';
  /** Timestamps and dates as milliseconds since the epoch, or as `Date`. Default `millis`. */
  readonly timestamps?: 'millis' | 'date';
}

/** How one column's values come out. */
export interface ColumnReader {
  readonly parsers: Partial<ParquetParsers>;
  /** Last touch to decoded values: missing ones are null, integers are of the wanted type. */
  convert(values: ArrayLike<unknown>): ArrayLike<unknown>;
}

const MILLIS_PER_DAY = 86_400_000;
const MICROS_PER_MILLI = 1_000;
const NANOS_PER_MILLI = 1_000_000;

/** Whole milliseconds, rounded down, exact for any timestamp that Parquet can hold. */
const AS_MILLIS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis) => Number(millis),
  timestampFromMicroseconds: (micros) => floorDivide(micros, MICROS_PER_MILLI),
  timestampFromNanoseconds: (nanos) => floorDivide(nanos, NANOS_PER_MILLI),
  dateFromDays: (days) => days * MILLIS_PER_DAY,
};

function floorDivide(value: bigint, divisor: number): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return Math.floor(number / divisor);
  const rest = ((value % BigInt(divisor)) + BigInt(divisor)) % BigInt(divisor);
  return Number((value - rest) / BigInt(divisor));
}

export function columnReader(path: string, column: SchemaTree, options: ParquetValueOptions): ColumnReader {
  const wantsNumbers = (options.int64 ?? 'number') === 'number';
  const parsers = options.timestamps === 'date' ? {} : AS_MILLIS;
  const nested = column.children.length > 0;
  const element = `${path}, column "${column.element.name}"`;
  const convertOne = (value: unknown): unknown => {
    if (value === undefined || value === null) return null;
    if (typeof value === 'bigint') return wantsNumbers ? exactNumber(value, element) : value;
    return nested || Array.isArray(value) ? convertNested(value, convertOne) : value;
  };
  return { parsers, convert: (values) => (isFinal(values) ? values : convertAll(values, convertOne)) };
}

function convertAll(values: ArrayLike<unknown>, convertOne: (value: unknown) => unknown): ArrayLike<unknown> {
  const converted: unknown[] = [];
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    converted.push(typeof value === 'string' || typeof value === 'number' ? value : convertOne(value));
  }
  return converted;
}

/** Typed arrays of plain numbers hold neither gaps nor big integers. */
function isFinal(values: ArrayLike<unknown>): boolean {
  if (!ArrayBuffer.isView(values)) return false;
  return !(values instanceof BigInt64Array || values instanceof BigUint64Array);
}

function exactNumber(value: bigint, where: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new UserError(`${where}: ${value} is too large for a number; read the file with int64: 'bigint'`);
}

/** Lists, structs and maps; keys named `__proto__` stay ordinary properties. */
function convertNested(value: unknown, convert: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, convert(part)]));
}
