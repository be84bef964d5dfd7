import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_TIMESTAMP } from '../../../base/time.ts';
import { anyRecord, ordinary } from '../../test-support/record-arbitraries.ts';
import type { RecordBatch } from '../channel.ts';
import { RecordNotSerializableError } from '../errors.ts';
import { MsgpackBatchCodec } from './msgpack-codec.ts';

function roundTrip(
  codec: MsgpackBatchCodec,
  batch: RecordBatch,
  from = 0,
  to = batch.values.length,
): RecordBatch {
  // At an odd address and gone afterwards, as in a channel.
  const encoded = codec.encode(batch, from, to).payload;
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
          fc.array(fc.tuple(anyRecord, fc.option(fc.integer(), { nil: NO_TIMESTAMP })), { maxLength: 6 }),
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
