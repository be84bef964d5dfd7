import { create, createFileRegistry, toBinary } from '@bufbuild/protobuf';
import type { DescMessage } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edgeRoundTrip } from '../../dataplane/test-support/codec-round-trip.ts';
import { anyRecord, ordinary } from '../../dataplane/test-support/record-arbitraries.ts';
import { protobufType } from './protobuf.ts';

/** message Order { ... } of a file with the given syntax, as protoc would describe it. */
function orderSchema(syntax: string): DescMessage {
  const field = (name: string, number: number, type: Type, more: object = {}): object => ({
    name,
    number,
    type,
    label: Label.OPTIONAL,
    ...more,
  });
  const file = create(FileDescriptorProtoSchema, {
    name: 'order.proto',
    package: 'shop',
    syntax,
    messageType: [
      {
        name: 'Order',
        field: [
          field('id', 1, Type.INT64),
          field('size', 2, Type.INT32),
          field('weight', 3, Type.FLOAT),
          field('price', 4, Type.DOUBLE),
          field('paid', 5, Type.BOOL),
          field('note', 6, Type.STRING, {
            proto3Optional: syntax === 'proto3',
            ...(syntax === 'proto3' ? { oneofIndex: 1 } : {}),
          }),
          field('raw', 7, Type.BYTES),
          field('tags', 8, Type.STRING, { label: Label.REPEATED }),
          field('counts', 9, Type.MESSAGE, { label: Label.REPEATED, typeName: '.shop.Order.CountsEntry' }),
          field('parent', 10, Type.MESSAGE, { typeName: '.shop.Order' }),
          field('email', 11, Type.STRING, { oneofIndex: 0 }),
          field('phone', 12, Type.UINT32, { oneofIndex: 0 }),
        ],
        nestedType: [
          {
            name: 'CountsEntry',
            field: [field('key', 1, Type.INT64), field('value', 2, Type.SINT32)],
            options: { mapEntry: true },
          },
        ],
        oneofDecl: [{ name: 'contact' }, ...(syntax === 'proto3' ? [{ name: '_note' }] : [])],
      },
    ],
  });
  const schema = createFileRegistry(file, () => undefined).getMessage('shop.Order');
  if (schema === undefined) throw new Error('no such message');
  return schema;
}

const SCHEMA = orderSchema('proto3');
const ORDER = protobufType(SCHEMA);
const order = (init: object): Record<string, unknown> =>
  create(SCHEMA, init as never) as unknown as Record<string, unknown>;

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ud800', 'ÿ'));
const integer = fc.oneof(fc.integer(), fc.constantFrom(0, -0, 2 ** 31, 1.5));
const number = fc.oneof(fc.double(), fc.float(), fc.constantFrom(-0, Number.NaN, 0.1));
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  fc.constantFrom(0n, 2n ** 63n - 1n, -(2n ** 63n)),
);

const message = fc.letrec<{ order: Record<string, unknown> }>((tie) => ({
  order: fc
    .record(
      {
        id: int64,
        size: integer,
        weight: fc.oneof(fc.float(), number),
        price: number,
        paid: fc.boolean(),
        note: text,
        raw: fc.uint8Array(),
        tags: fc.array(text, { maxLength: 3 }),
        counts: fc.dictionary(
          fc.oneof(fc.bigInt().map(String), fc.constantFrom('01', 'x', '-0', '7')),
          fc.integer(),
          { maxKeys: 3, noNullPrototype: true },
        ),
        parent: tie('order'),
        contact: fc.oneof(
          fc.record({ case: fc.constant('email'), value: text }),
          fc.record({ case: fc.constant('phone'), value: integer }),
        ),
      },
      { requiredKeys: [] },
    )
    .map(order),
})).order;

describe('Types.protobuf', () => {
  it('when any records go in, messages or not, then equal ones come out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 5, arbitrary: message }, anyRecord.map(ordinary)), { maxLength: 8 }),
        (records) => {
          expect(isDeepStrictEqual(edgeRoundTrip({ type: ORDER }, records).values, records)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('when records are messages, then Protobuf alone carries them, as its own library would', () => {
    const records = [
      order({ id: 5n, weight: 0.5, note: '', raw: new Uint8Array([1, 2]), tags: ['a'], counts: { '-7': 3 } }),
      order({ parent: order({ id: -1n }), contact: { case: 'phone', value: 7 } }),
    ];
    const got = edgeRoundTrip({ type: ORDER, genericTypes: false }, records);
    expect(isDeepStrictEqual(got.values, records)).toBe(true);
    expect([got.mistyped, got.parts]).toEqual([0, 1]);
    const [first] = records as [never];
    expect(got.text).toContain(Buffer.from(toBinary(SCHEMA, first)).toString('latin1'));
  });

  it.each([
    ['a field that proto3 cannot leave out', { $typeName: 'shop.Order', id: 1n }],
    ['a name of no field', { ...order({}), extra: 1 }],
    ['another type', { ...order({}), $typeName: 'shop.Item' }],
    ['a number too long', { ...order({}), id: 2n ** 63n }],
    ['a negative zero', { ...order({}), price: -0 }],
    ['undefined in place of a missing field', { ...order({}), note: undefined }],
    ['a key of another form', { ...order({}), counts: { '01': 1 } }],
    ['a list with a hole', { ...order({}), tags: Object.assign([], { length: 1 }) }],
  ])('when a record has %s, then it arrives so, and is counted', (_what, record) => {
    const got = edgeRoundTrip({ type: ORDER }, [record]);
    expect(isDeepStrictEqual(got.values, [record])).toBe(true);
    expect(got.mistyped).toBe(1);
  });

  it('when messages would not come back as they are, then they are refused when declared', () => {
    expect(() => protobufType(orderSchema('proto2'))).toThrow(/message shop.Order is not of proto3/);
    expect(() => protobufType({} as never)).toThrow(/needs the schema of a message/);
  });

  it('when one message is described twice, then it is one type', () => {
    expect(protobufType(orderSchema('proto3')).fingerprint).toBe(ORDER.fingerprint);
  });
});
