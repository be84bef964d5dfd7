import { UserError } from '../../base/errors.ts';
import { BYTES_CLASSES } from './bytes-classes.ts';
import type { BytesClass } from './bytes-classes.ts';
import type { LeafKind } from './descriptor.ts';
import { OptionalType, TypeInformation } from './type-information.ts';
import type { FieldTypes, RecordOf, TypeOf } from './type-information.ts';

type Bytes = { [C in BytesClass]: InstanceType<(typeof BYTES_CLASSES)[C]> };

const leaf = <T>(kind: LeafKind): TypeInformation<T> => new TypeInformation<T>({ kind });
const bytes = <C extends BytesClass>(of: C): TypeInformation<Bytes[C]> =>
  new TypeInformation<Bytes[C]>({ kind: 'bytes', of });
const DOUBLE = leaf<number>('double');

/** Types that Millrace's own codec knows. */
export const DECLARED_TYPES = {
  STRING: leaf<string>('string'),
  /** Whole numbers of 32 bits, -0 excepted. */
  INT: leaf<number>('int'),
  /** Whole numbers that a JavaScript number holds exactly: up to 2^53 - 1, either sign. */
  LONG: leaf<number>('long'),
  /** Any number, -0, NaN and the infinities too. */
  DOUBLE,
  /** The same as DOUBLE: JavaScript has no other. */
  FLOAT: DOUBLE,
  BOOLEAN: leaf<boolean>('boolean'),
  /** Any bigint; beyond 64 bits the record goes the general way. */
  BIGINT: leaf<bigint>('bigint'),
  /** A Date. */
  DATE: leaf<Date>('date'),
  /** A Uint8Array (no Buffer). */
  BYTES: bytes('Uint8Array'),

  /** A typed array of one class: `Types.typedArray('Float64Array')`. */
  typedArray<C extends BytesClass>(of: C): TypeInformation<Bytes[C]> {
    if (!Object.hasOwn(BYTES_CLASSES, of)) throw new UserError(`no typed array is called ${String(of)}`);
    return bytes(of);
  },

  /** An object with these fields, in this order, and no others. */
  record<F extends FieldTypes>(fields: F): TypeInformation<RecordOf<F>> {
    return new TypeInformation<RecordOf<F>>({
      kind: 'record',
      fields: Object.entries(fields).map(([name, type]) => {
        if (name === '__proto__') throw new UserError('a field cannot be called __proto__');
        return { name, type: inner(type, `field "${name}"`) };
      }),
    });
  },

  /** A field that may be missing or undefined; elsewhere a value that may be undefined. */
  optional<T>(of: TypeInformation<T>): OptionalType<T> {
    return new OptionalType<T>({ kind: 'optional', of: inner(of, 'an optional value') });
  },

  /** A value or null. */
  nullable<T>(of: TypeInformation<T>): TypeInformation<T | null> {
    return new TypeInformation<T | null>({ kind: 'nullable', of: inner(of, 'a nullable value') });
  },

  array<T>(item: TypeInformation<T>): TypeInformation<T[]> {
    return new TypeInformation<T[]>({ kind: 'array', item: inner(item, 'an item of an array') });
  },

  /** The same as `array`. */
  list<T>(item: TypeInformation<T>): TypeInformation<T[]> {
    return DECLARED_TYPES.array(item);
  },

  /** A Set. */
  set<T>(item: TypeInformation<T>): TypeInformation<Set<T>> {
    return new TypeInformation<Set<T>>({ kind: 'set', item: inner(item, 'an item of a set') });
  },

  /** A Map. */
  map<K, V>(key: TypeInformation<K>, value: TypeInformation<V>): TypeInformation<Map<K, V>> {
    return new TypeInformation<Map<K, V>>({
      kind: 'map',
      key: inner(key, 'a key of a map'),
      value: inner(value, 'a value of a map'),
    });
  },

  /** An array of a fixed length, each place with its type. */
  tuple<I extends readonly TypeInformation<unknown>[]>(
    ...items: I
  ): TypeInformation<{ -readonly [N in keyof I]: TypeOf<I[N]> }> {
    return new TypeInformation<{ -readonly [N in keyof I]: TypeOf<I[N]> }>({
      kind: 'tuple',
      items: items.map((item, index) => inner(item, `place ${index} of a tuple`)),
    });
  },

  /** Anything, by MessagePack: for values without a fixed type. */
  generic<T = unknown>(): TypeInformation<T> {
    return leaf<T>('generic');
  },
} as const;

/** @throws UserError where something else stands, or a type of another format, which has no place within a record */
function inner(type: TypeInformation<unknown>, where: string): TypeInformation<unknown>['descriptor'] {
  if (!(type instanceof TypeInformation)) throw new UserError(`${where} needs a type: one of Types`);
  if (type.descriptor.kind !== 'external') return type.descriptor;
  throw new UserError(
    `${where} cannot be of ${type.descriptor.format}: such a type is for whole records; ` +
      'put the other fields into its schema, or declare this one with Types',
  );
}
