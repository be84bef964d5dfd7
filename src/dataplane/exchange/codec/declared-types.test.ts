import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DECLARED_TYPES as Types, findMisfit } from '../../../functions/types/index.ts';
import type { TypeInformation } from '../../../functions/types/index.ts';
import { edgeRoundTrip, sameRecords } from '../../test-support/codec-round-trip.ts';
import { anyRecord, ordinary } from '../../test-support/record-arbitraries.ts';
import { typed } from '../../test-support/type-arbitraries.ts';
import { RecordTypeError } from './declared-records.ts';

const BID = Types.record({
  auction: Types.LONG,
  price: Types.DOUBLE,
  channel: Types.STRING,
  note: Types.optional(Types.STRING),
});
const bid = (n: number): Record<string, unknown> => ({ auction: n, price: n * 1.5, channel: `c${n % 7}` });

describe('codec of a declared type', () => {
  it('when records of the type go in, then equal ones come out, by the code of the type alone', () => {
    fc.assert(
      fc.property(
        typed.chain(({ type, values }) =>
          fc.tuple(fc.constant(type), fc.array(values, { minLength: 1, maxLength: 8 }), fc.nat(300)),
        ),
        ([type, records, target]) => {
          const got = edgeRoundTrip({ type, genericTypes: false }, records, target);
          expect(sameRecords(got.values, records)).toBe(true);
          expect([got.mistyped, got.parts]).toEqual([0, 1]);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('when other records come in between, then all arrive equal, in order, and those not of the type are counted', () => {
    fc.assert(
      fc.property(
        fc.tuple(typed, typed).chain(([one, other]) =>
          fc.tuple(
            fc.constant(one.type),
            fc.array(fc.oneof({ weight: 4, arbitrary: one.values }, other.values, anyRecord.map(ordinary)), {
              maxLength: 12,
            }),
            fc.nat(500),
          ),
        ),
        ([type, records, target]) => {
          const got = edgeRoundTrip({ type }, records, target);
          expect(sameRecords(got.values, records)).toBe(true);
          const misfits = records.filter((record) => findMisfit(type.descriptor, record) !== undefined);
          expect(got.mistyped).toBe(misfits.length);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('when a value is missing, undefined or null, then it arrives as that', () => {
    const records = [
      bid(1),
      { ...bid(2), note: undefined },
      { ...bid(3), note: 'x' },
      { ...bid(4), note: null },
    ];
    const got = edgeRoundTrip({ type: BID }, records);
    expect(sameRecords(got.values, records)).toBe(true);
    expect(got.mistyped).toBe(1);
  });

  it('when fields stand in another order or a bigint is huge, then records arrive so and are not counted', () => {
    const type = Types.record({ a: Types.BIGINT, b: Types.LONG });
    const records = [
      { b: 1, a: 1n },
      { a: 2n ** 70n, b: 2 },
      { a: 3n, b: 3 },
    ];
    const got = edgeRoundTrip({ type, genericTypes: false }, records);
    expect(sameRecords(got.values, records)).toBe(true);
    expect([got.mistyped, got.parts]).toEqual([0, 3]);
  });

  const REFUSED: readonly [string, TypeInformation<unknown>, unknown, RegExp][] = [
    ['another kind', BID, { ...bid(1), price: '3' }, /field "price" .*"test".*expected DOUBLE, found string/],
    ['a fraction', BID, { ...bid(1), auction: 1.5 }, /field "auction" .*expected LONG, found number 1.5/],
    ['a field too many', BID, { ...bid(1), extra: 1 }, /field "extra" .*expected no such field/],
    [
      'a field too few',
      BID,
      { auction: 1, price: 1 },
      /field "channel" .*expected STRING, found no such field/,
    ],
    ['no record', BID, null, /a record of operator "test".*expected RECORD, found null/],
    ['a negative zero', Types.INT, -0, /expected INT, found number -0/],
    ['more than 32 bits', Types.INT, 2 ** 31, /expected INT, found number 2147483648/],
    ['an item', Types.array(BID), [bid(1), { ...bid(2), price: null }], /field "\[1\].price" .*found null/],
    ['null', Types.optional(Types.LONG), null, /expected LONG, found null/],
    ['undefined', Types.nullable(Types.LONG), undefined, /expected LONG, found undefined/],
    ['a Buffer', Types.BYTES, Buffer.from('x'), /expected Uint8Array, found Buffer/],
    ['too long a tuple', Types.tuple(Types.LONG), [1, 2], /expected tuple of 1, found Array/],
  ];

  it.each(REFUSED)(
    'when generic types are off and there is %s, then the place is named',
    (_what, type, record, error) => {
      const send = (): unknown => edgeRoundTrip({ type, genericTypes: false }, [record]);
      expect(send).toThrow(RecordTypeError);
      expect(send).toThrow(error);
      expect(edgeRoundTrip({ type }, [record]).mistyped).toBe(1);
    },
  );
});

describe('codec of an edge that needs few fields', () => {
  const records = [
    bid(1),
    { ...bid(2), note: 'x' },
    { price: 3, auction: 4 },
    new (class {
      auction = 5;
      price = 6;
    })(),
  ];

  it.each([
    ['declared', BID],
    ['learned', undefined],
  ])('when the type is %s, then the other fields do not cross', (_how, type) => {
    const got = edgeRoundTrip(
      { ...(type === undefined ? {} : { type }), fields: ['auction', 'price'] },
      records,
    );
    expect(got.values).toEqual([
      { auction: 1, price: 1.5 },
      { auction: 2, price: 3 },
      { auction: 4, price: 3 },
      { auction: 5, price: 6 },
    ]);
    expect(got.text).not.toMatch(/channel|note/);
    expect(got.mistyped).toBe(0);
  });

  it('when no field is needed, then only the number of records crosses', () => {
    expect(edgeRoundTrip({ fields: [] }, records).values).toEqual([{}, {}, {}, {}]);
  });

  it('when records are of any shape, then each needed field arrives as it was read', () => {
    fc.assert(
      fc.property(fc.array(anyRecord.map(ordinary), { maxLength: 8 }), (mixed) => {
        const fields = ['a', 'length', 'toJSON'];
        const read = (record: unknown): unknown[] =>
          fields.map((name) => (record as Record<string, unknown> | null | undefined)?.[name]);
        // A function that a prototype gives is no data.
        const data = mixed.filter((record) => read(record).every((value) => typeof value !== 'function'));
        expect(sameRecords(edgeRoundTrip({ fields }, data).values.map(read), data.map(read))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
