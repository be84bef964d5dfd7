import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_TIMESTAMP } from '../../base/time.ts';
import type { RecordBatch } from './channel.ts';
import { RecordNotSerializableError } from './errors.ts';
import { MsgpackBatchCodec } from './msgpack-codec.ts';

const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary-ascii' }),
  fc.integer(),
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, Number.NaN, 2 ** 53, -(2 ** 63)),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
);
const record = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('object'),
    tie('list'),
    tie('map'),
    tie('set'),
  ),
  object: fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toJSON', 'a', 'b')),
    tie('value'),
  ),
  list: fc.array(tie('value'), { maxLength: 5 }),
  map: fc.array(fc.tuple(scalar, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  set: fc.array(scalar, { maxLength: 4 }).map((values) => new Set(values)),
}));

function roundTrip(
  codec: MsgpackBatchCodec,
  batch: RecordBatch,
  from = 0,
  to = batch.values.length,
): RecordBatch {
  // At an odd address and gone afterwards, as in a channel.
  const encoded = codec.encode(batch, from, to);
  const memory = Buffer.alloc(encoded.byteLength + 3);
  memory.set(encoded, 3);
  const decoded = new MsgpackBatchCodec().decode(memory.subarray(3), to - from);
  memory.fill(0xff);
  return decoded;
}

describe('MsgpackBatchCodec', () => {
  it('when any records go in, then equal ones come out, whatever was sent before', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.array(fc.tuple(record.value, fc.option(fc.integer(), { nil: NO_TIMESTAMP })), { maxLength: 6 }),
        ),
        (batches) => {
          const codec = new MsgpackBatchCodec();
          for (const batch of batches) {
            const values = batch.map(([value]) => ordinary(value));
            const timestamps = batch.map(([, timestamp]) => timestamp);
            const expected: RecordBatch = { kind: 'records', values, timestamps };
            // Tells -0 from 0 and compares prototypes, without asking fields named `constructor`.
            expect(isDeepStrictEqual(roundTrip(codec, expected), expected)).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('when a part of a batch is encoded, then that part comes out', () => {
    const batch: RecordBatch = { kind: 'records', values: ['a', 'b', 'c', 'd'], timestamps: [1, 2, 3, 4] };
    expect(roundTrip(new MsgpackBatchCodec(), batch, 1, 3)).toEqual({
      kind: 'records',
      values: ['b', 'c'],
      timestamps: [2, 3],
    });
  });

  it('when a key is named __proto__, then no prototype changes', () => {
    const evil: unknown = JSON.parse('{"__proto__":{"polluted":true},"a":1}');
    const { values } = roundTrip(new MsgpackBatchCodec(), {
      kind: 'records',
      values: [evil],
      timestamps: [NO_TIMESTAMP],
    });
    expect(Object.keys(values[0] as object)).toEqual(['__proto__', 'a']);
    expect([({} as { polluted?: boolean }).polluted, Object.getPrototypeOf(values[0])]).toEqual([
      undefined,
      Object.prototype,
    ]);
  });

  it('when a record holds itself or shares a part, then it arrives so', () => {
    const cyclic: Record<string, unknown> = { name: 'x' };
    cyclic['self'] = cyclic;
    const [value] = roundTrip(new MsgpackBatchCodec(), {
      kind: 'records',
      values: [cyclic],
      timestamps: [0],
    }).values;
    expect((value as Record<string, unknown>)['self']).toBe(value);
  });

  it('when a record is of a class, then its fields arrive, toJSON or not', () => {
    class Point {
      x = 1;
      toJSON(): string {
        return 'not this';
      }
    }
    const { values } = roundTrip(new MsgpackBatchCodec(), {
      kind: 'records',
      values: [new Point()],
      timestamps: [0],
    });
    expect(values).toEqual([{ x: 1 }]);
  });

  it.each([
    ['a function', { f: () => 1 }],
    ['a symbol', { s: Symbol('x') }],
    ['a promise', { p: Promise.resolve(1) }],
  ])('when a record holds %s, then it is refused with what to do', (_what, value) => {
    const encode = (): unknown =>
      new MsgpackBatchCodec().encode({ kind: 'records', values: [value], timestamps: [0] }, 0, 1);
    expect(encode).toThrow(RecordNotSerializableError);
    expect(encode).toThrow('records hold data only');
  });
});

/** fast-check's dictionaries may have no prototype; records are ordinary objects. */
function ordinary(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordinary);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, ordinary(item)]));
  if (
    typeof value !== 'object' ||
    value === null ||
    ![Object.prototype, null].includes(Object.getPrototypeOf(value))
  )
    return value;
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, ordinary(inner)]));
}
