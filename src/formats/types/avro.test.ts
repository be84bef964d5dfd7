import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edgeRoundTrip, sameRecords } from '../../dataplane/test-support/codec-round-trip.ts';
import { anyRecord, ordinary } from '../../dataplane/test-support/record-arbitraries.ts';
import { avroType } from './avro.ts';

const SCHEMA = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'size', type: 'int' },
    { name: 'weight', type: 'float' },
    { name: 'price', type: 'double' },
    { name: 'paid', type: 'boolean' },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'raw', type: 'bytes' },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'DONE'] } },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'counts', type: { type: 'map', values: 'int' } },
    { name: 'parent', type: ['null', 'Order'] },
  ],
};
const ORDER = avroType(SCHEMA);

/** Edges of what Avro keeps, and just beyond them. */
const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 2 ** 31, 1.5, Number.MAX_SAFE_INTEGER, -(2 ** 52), -(2 ** 52) - 1),
);
const number = fc.oneof(fc.double(), fc.float(), fc.constantFrom(-0, Number.NaN, 0.1, -Infinity));
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ud800', 'ÿ', '\u0000', 'NEW'));

const order = fc.letrec<{ order: Record<string, unknown> }>((tie) => ({
  order: fc
    .record({
      id: integer,
      size: fc.oneof(fc.integer(), integer),
      weight: fc.oneof(fc.float(), number),
      price: number,
      paid: fc.boolean(),
      note: fc.option(text),
      raw: fc.oneof(
        fc.uint8Array(),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
      state: fc.constantFrom('NEW', 'DONE', 'LOST'),
      tags: fc.array(text, { maxLength: 3 }),
      counts: fc.dictionary(text, fc.integer(), { maxKeys: 3, noNullPrototype: true }),
      parent: fc.option(tie('order'), { depthSize: 'small', freq: 1 }),
    })
    .map((fields) => ({ ...fields })),
})).order;

const plain = (id: number): Record<string, unknown> => ({
  id,
  size: 1,
  weight: 0.5,
  price: 0.1,
  paid: true,
  note: null,
  raw: Buffer.from([1, 2, 255]),
  state: 'NEW',
  tags: ['a', 'ß'],
  counts: { b: 1, a: 2 },
  parent: null,
});

describe('Types.avro', () => {
  it('when any records go in, of the schema or not, then equal ones come out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 5, arbitrary: order }, anyRecord.map(ordinary)), { maxLength: 8 }),
        (records) => {
          expect(
            sameRecords(edgeRoundTrip({ type: ORDER }, records).values, records.map(bytesAsTheyArrive)),
          ).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('when records fit the schema, then Avro alone carries them, and none is mistyped', () => {
    const records = [plain(1), { ...plain(2), note: 'x', parent: plain(3) }];
    const got = edgeRoundTrip({ type: ORDER, genericTypes: false }, records);
    expect(sameRecords(got.values, records)).toBe(true);
    expect([got.mistyped, got.parts]).toEqual([0, 1]);
    expect(got.text).not.toContain('weight');
  });

  it.each([
    ['a float of more bits', { ...plain(1), weight: 0.1 }],
    ['half a surrogate pair', { ...plain(1), note: '\ud800' }],
    ['a negative zero', { ...plain(1), id: -0 }],
    ['a field left to its default', (({ note: _note, ...rest }) => rest)(plain(1))],
    ['a field too many', { ...plain(1), extra: 1 }],
    ['a symbol that is none', { ...plain(1), state: 'LOST' }],
  ])('when a record has %s, then it arrives so, and is counted or refused', (_what, record) => {
    const got = edgeRoundTrip({ type: ORDER }, [plain(1), record, plain(2)]);
    expect(sameRecords([got.values[0], got.values[2]], [plain(1), plain(2)])).toBe(true);
    expect(got.values[1]).toEqual(bytesAsTheyArrive(record));
    expect(got.mistyped).toBe(1);
    const strict = (): unknown => edgeRoundTrip({ type: ORDER, genericTypes: false }, [record]);
    expect(strict).toThrow(
      /of operator "test" is not of its declared type: expected a value of its avro schema/,
    );
  });

  it('when the schema is wrong or ambiguous, then it is refused with the reason', () => {
    expect(() => avroType({ type: 'record', name: 'X' })).toThrow(
      /Types.avro: the schema cannot be used: .*fields/,
    );
    expect(() => avroType(['int', 'long'])).toThrow(/Types.avro: the schema cannot be used: .*ambiguous/);
  });

  it('when one schema is declared twice, as text and as object, then it is one type', () => {
    expect(avroType(JSON.stringify(SCHEMA)).fingerprint).toBe(ORDER.fingerprint);
    expect(avroType('long').fingerprint).not.toBe(ORDER.fingerprint);
  });
});

/** Those that go the general way lose the class Buffer, as on any edge. */
function bytesAsTheyArrive(record: unknown): unknown {
  if (ORDER.serializer?.fits(record) === true || typeof record !== 'object' || record === null) return record;
  return edgeRoundTrip({}, [record]).values[0];
}
