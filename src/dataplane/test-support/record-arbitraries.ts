import fc from 'fast-check';

/** Values of every kind that records hold, in nested containers: those that MessagePack changes too. */
const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary-ascii' }),
  fc.string({ unit: 'grapheme' }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(
    null,
    undefined,
    -0,
    Number.NaN,
    2 ** 53,
    -(2 ** 63),
    2 ** 31,
    '\ud800',
    '\udc00x',
    'é',
    'ÿ',
    'Ā',
  ),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.int16Array(),
);

const names = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toJSON',
    'then',
    'length',
    '0',
    '1',
    'a',
    'b',
    'ß',
    '\u2028',
    '"`${x}',
  ),
);

export const anyRecord = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('object'),
    tie('list'),
    tie('map'),
    tie('set'),
  ),
  object: fc.dictionary(names, tie('value')),
  list: fc.array(tie('value'), { maxLength: 5 }),
  map: fc.array(fc.tuple(scalar, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  set: fc.array(scalar, { maxLength: 4 }).map((values) => new Set(values)),
})).value;

type Shaped = fc.Arbitrary<unknown>;

/** Arbitraries of one shape each: what they give has the same fields and kinds of values, with some exceptions. */
const shape: fc.Arbitrary<Shaped> = fc.letrec<{ shape: Shaped; leaf: Shaped }>((tie) => ({
  leaf: fc.constantFrom<Shaped>(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'binary-ascii', maxLength: 40 }),
    fc.integer(),
    fc.nat(200),
    fc.nat(60_000),
    fc.maxSafeInteger(),
    fc.double(),
    fc.constant(7),
    fc.integer({ min: 1_600_000_000_000, max: 1_600_000_100_000 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.boolean(),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    fc.float32Array(),
    fc.constant(null),
    fc.constant(undefined),
    scalar,
  ),
  shape: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    tie('shape').map((inner) => fc.option(inner, { freq: 3, nil: null })),
    tie('shape').map((inner) => fc.option(inner, { freq: 3, nil: undefined })),
    tie('shape').map((inner) => fc.array(inner, { maxLength: 4 })),
    tie('shape').map((inner) => fc.array(inner, { maxLength: 4 }).map((items) => new Set(items))),
    fc
      .tuple(tie('shape'), tie('shape'))
      .map(([key, item]) =>
        fc.array(fc.tuple(key, item), { maxLength: 4 }).map((entries) => new Map(entries)),
      ),
    fc.dictionary(names, tie('shape'), { maxKeys: 5 }).map((fields) => fc.record(fields)),
  ),
})).shape;

/** Streams of records that are mostly of a few shapes. */
export const shapedRecords: fc.Arbitrary<unknown[]> = fc
  .array(shape, { minLength: 1, maxLength: 3 })
  .chain((shapes) =>
    fc.array(fc.oneof({ weight: 20, arbitrary: fc.oneof(...shapes) }, { weight: 1, arbitrary: anyRecord }), {
      maxLength: 30,
    }),
  );

/** fast-check's dictionaries may have no prototype; records are ordinary objects. */
export function ordinary(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordinary);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [ordinary(key), ordinary(item)]));
  if (value instanceof Set) return new Set([...value].map(ordinary));
  if (
    typeof value !== 'object' ||
    value === null ||
    ![Object.prototype, null].includes(Object.getPrototypeOf(value))
  )
    return value;
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, ordinary(inner)]));
}
