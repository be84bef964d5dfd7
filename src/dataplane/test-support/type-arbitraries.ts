import fc from 'fast-check';
import { DECLARED_TYPES as Types } from '../../functions/types/index.ts';
import type { TypeInformation } from '../../functions/types/index.ts';

/** A declared type with values of it. */
export interface Typed {
  readonly type: TypeInformation<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

/** Stands for a field that is missing. */
const MISSING = Symbol('missing');

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '\ud800', '\udc00x', 'é', 'ÿ', 'Ā', '\u2028', '__proto__', 'x'.repeat(5_000)),
);

const leaf: fc.Arbitrary<Typed> = fc.constantFrom<Typed>(
  { type: Types.STRING, values: text },
  { type: Types.INT, values: fc.integer() },
  { type: Types.LONG, values: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(-0, 2 ** 31, -(2 ** 53) + 1)) },
  {
    type: Types.DOUBLE,
    values: fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, -Infinity, 2 ** 53, 1e308, 5e-324)),
  },
  { type: Types.FLOAT, values: fc.float() },
  { type: Types.BOOLEAN, values: fc.boolean() },
  { type: Types.BIGINT, values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { type: Types.DATE, values: fc.date({ noInvalidDate: false }) },
  { type: Types.BYTES, values: fc.uint8Array() },
  { type: Types.typedArray('Float64Array'), values: fc.float64Array() },
  { type: Types.typedArray('BigInt64Array'), values: fc.bigInt64Array() },
  { type: Types.typedArray('Int16Array'), values: fc.int16Array() },
  {
    type: Types.generic(),
    values: fc.oneof(fc.integer({ min: 1 }), fc.string({ unit: 'grapheme' }), fc.constant(null)),
  },
);

/** Names of fields, those that objects have anyway among them; `constructor` no generated code can look behind. */
const names = fc.oneof(
  fc.string().filter((name) => name !== '__proto__' && name !== 'constructor'),
  fc.constantFrom(
    'toString',
    'valueOf',
    'toJSON',
    'then',
    'length',
    '1',
    '0',
    'a',
    'b',
    'ß',
    '\u2028',
    '"`${x}',
  ),
);

const fields = (inner: fc.Arbitrary<Typed>): fc.Arbitrary<Typed> =>
  fc
    .dictionary(names, fc.tuple(inner, fc.boolean()), { maxKeys: 5, noNullPrototype: true })
    .map((declared) => {
      const entries = Object.entries(declared);
      const type = Types.record(
        Object.fromEntries(
          entries.map(([name, [typed, optional]]) => [
            name,
            optional ? Types.optional(typed.type) : typed.type,
          ]),
        ),
      );
      const values = fc
        .tuple(
          ...entries.map(([, [typed, optional]]) =>
            optional ? fc.oneof(typed.values, fc.constantFrom(undefined, MISSING)) : typed.values,
          ),
        )
        .map((all) =>
          Object.fromEntries(
            entries.flatMap(([name], index) => (all[index] === MISSING ? [] : [[name, all[index]]])),
          ),
        );
      return { type, values };
    });

/** Any declared type, nested as it comes. */
export const typed: fc.Arbitrary<Typed> = fc.letrec<{ typed: Typed }>((tie) => ({
  typed: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fields(tie('typed')),
    tie('typed').map(({ type, values }) => ({
      type: Types.nullable(type),
      values: fc.option(values, { freq: 3 }),
    })),
    tie('typed').map(({ type, values }) => ({
      type: Types.array(type),
      values: fc.array(values, { maxLength: 4 }),
    })),
    tie('typed').map(({ type, values }) => ({
      type: Types.array(Types.optional(type)),
      values: fc.array(fc.option(values, { nil: undefined }), { maxLength: 4 }),
    })),
    tie('typed').map(({ type, values }) => ({
      type: Types.set(type),
      values: fc.array(values, { maxLength: 4 }).map((items) => new Set(items)),
    })),
    fc.tuple(tie('typed'), tie('typed')).map(([key, item]) => ({
      type: Types.map(key.type, item.type),
      values: fc.array(fc.tuple(key.values, item.values), { maxLength: 4 }).map((items) => new Map(items)),
    })),
    fc.array(tie('typed'), { maxLength: 4 }).map((items) => ({
      type: Types.tuple(...items.map(({ type }) => type)),
      values: fc.tuple(...items.map(({ values }) => values)),
    })),
  ),
})).typed;
