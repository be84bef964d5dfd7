import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_TIMESTAMP } from '../../../base/time.ts';
import { anyRecord, ordinary, shapedRecords } from '../../test-support/record-arbitraries.ts';
import type { RecordBatch } from '../channel.ts';
import { RecordNotSerializableError } from '../errors.ts';
import { LearnedCodec } from './learned-codec.ts';

const NO_LIMIT = Number.POSITIVE_INFINITY;

function batchOf(values: unknown[], timestamps = values.map(() => NO_TIMESTAMP)): RecordBatch {
  return { kind: 'records', values, timestamps };
}

/** At an odd address and gone afterwards, as in a channel; read by `decoder`, a new one where none is given. */
function roundTrip(
  codec: LearnedCodec,
  batch: RecordBatch,
  { from = 0, to = batch.values.length, target = NO_LIMIT, decoder = new LearnedCodec() } = {},
): RecordBatch & { readonly end: number; readonly bytes: number } {
  const { payload, end } = codec.encode(batch, from, to, target);
  const memory = Buffer.alloc(payload.byteLength + 3);
  memory.set(payload, 3);
  const decoded = decoder.decode(memory.subarray(3), end - from);
  memory.fill(0xff);
  return { ...decoded, end, bytes: payload.byteLength };
}

/** Tells -0 from 0, compares prototypes and the order of fields. */
function same(got: RecordBatch, { values, timestamps }: RecordBatch): boolean {
  return (
    isDeepStrictEqual(got.values, values) &&
    isDeepStrictEqual(got.timestamps, timestamps) &&
    isDeepStrictEqual(fieldOrders(got.values), fieldOrders(values))
  );
}

function fieldOrders(values: readonly unknown[]): unknown {
  return values.map((value) =>
    typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) ? Object.keys(value) : [],
  );
}

interface Bid {
  auction: number;
  price: number;
  channel: string;
}
const bid = (n: number): Bid => ({ auction: n, price: n * 1.5, channel: `channel-${n % 7}` });

const time = fc.oneof(
  fc.constant(NO_TIMESTAMP),
  fc.integer(),
  fc.integer({ min: 1_600_000_000_000, max: 1_600_000_100_000 }),
  fc.maxSafeInteger(),
);

describe('LearnedCodec', () => {
  it('when any records go in, then equal ones come out, whatever was sent before', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.tuple(anyRecord, time), { maxLength: 6 })), (batches) => {
        const codec = new LearnedCodec();
        const decoder = new LearnedCodec();
        for (const records of batches) {
          const batch = batchOf(
            records.map(([value]) => ordinary(value)),
            records.map(([, timestamp]) => timestamp),
          );
          expect(same(roundTrip(codec, batch), batch)).toBe(true);
          expect(same(roundTrip(codec, batch, { decoder }), batch)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('when records are mostly of a few shapes, then equal ones come out, in whatever parts they are sent', () => {
    fc.assert(
      fc.property(
        fc.array(shapedRecords, { maxLength: 4 }),
        fc.nat(400),
        fc.context(),
        (streams, target, log) => {
          const codec = new LearnedCodec();
          const decoder = new LearnedCodec();
          for (const stream of streams) {
            const batch = batchOf(stream.map(ordinary));
            for (let from = 0; from < stream.length;) {
              const got = roundTrip(codec, batch, { from, target, decoder });
              log.log(`${from} to ${got.end}`);
              expect(got.end).toBeGreaterThan(from);
              expect(same(got, batchOf(batch.values.slice(from, got.end)))).toBe(true);
              from = got.end;
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('when an encoded run is thrown away, then the next one can be read', () => {
    const codec = new LearnedCodec();
    codec.encode(batchOf([bid(1), { other: 'x' }]), 0, 2, NO_LIMIT);
    const batch = batchOf([{ other: 'y' }, bid(2)]);
    expect(same(roundTrip(codec, batch), batch)).toBe(true);
  });

  it('when the payload reaches its target, then it ends early, after at least one record', () => {
    const batch = batchOf(Array.from({ length: 50 }, () => ({ text: 'x'.repeat(1_000) })));
    expect(roundTrip(new LearnedCodec(), batch, { target: 10_000 }).end).toBe(11);
    expect(roundTrip(new LearnedCodec(), batch, { target: 0 }).end).toBe(1);
    const lists = batchOf(
      Array.from({ length: 50 }, () => ({ list: Array.from({ length: 100 }, (_, i) => i) })),
    );
    expect(roundTrip(new LearnedCodec(), lists, { target: 1_000 }).end).toBeLessThan(12);
  });

  it('when the shape of records changes in mid-stream, then all arrive, and the new shape is learned too', () => {
    const codec = new LearnedCodec();
    const wider = (n: number): object => ({ ...bid(n), note: n % 2 === 0 ? null : 'odd' });
    const values = Array.from({ length: 1_000 }, (_, n) => (n < 500 ? bid(n) : wider(n)));
    const batch = batchOf(values);
    expect(same(roundTrip(codec, batch), batch)).toBe(true);
    // By a shape, a record takes far less than its field names.
    const { bytes } = roundTrip(codec, batch, { from: 500 });
    expect(bytes / 500).toBeLessThan(30);
  });

  it('when a field now and then is of another kind, then its records arrive as they are', () => {
    const codec = new LearnedCodec();
    const values: unknown[] = Array.from({ length: 400 }, (_, n) => bid(n));
    values[100] = { ...bid(100), price: 'free' };
    values[101] = { ...bid(101), price: undefined };
    values[102] = { auction: 1, price: 2 };
    values[103] = { price: 1, auction: 2, channel: 'x' };
    values[104] = null;
    values[105] = 'text';
    values[106] = { ...bid(106), price: -0 };
    values[107] = { ...bid(107), price: Number.NaN };
    values[108] = Object.assign(bid(108), { channel: '\ud83d' });
    const batch = batchOf(values);
    expect(same(roundTrip(codec, batch), batch)).toBe(true);
    expect(same(roundTrip(codec, batch), batch)).toBe(true);
  });

  it('when there are more shapes than a codec keeps, then records still arrive', () => {
    const codec = new LearnedCodec();
    const values = Array.from({ length: 600 }, (_, n) => ({ [`field${n % 60}`]: n, id: n }));
    const batch = batchOf(values);
    for (let again = 0; again < 3; again += 1) expect(same(roundTrip(codec, batch), batch)).toBe(true);
  });

  it('when a key is named __proto__ or a definition says so, then no prototype changes', () => {
    const evil: unknown = JSON.parse('{"__proto__":{"polluted":true},"a":1}');
    const batch = batchOf([{ a: 1 }, evil, { a: { nested: evil } }, { a: { nested: evil } }]);
    const { values } = roundTrip(new LearnedCodec(), batch);
    expect(Object.keys(values[1] as object)).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(values[1])).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();

    const codec = new LearnedCodec();
    const { payload } = codec.encode(batchOf([{ __prot___: { polluted: 1 } }]), 0, 1, NO_LIMIT);
    const forged = Buffer.from(payload);
    forged.write('__proto__', forged.indexOf('__prot___'), 'latin1');
    expect(() => new LearnedCodec().decode(forged, 1)).toThrow('proper name');
  });

  it('when names of fields look like code, then they are names of fields', () => {
    const record = { '"]; throw 1; //': 1, '`${process.exit(1)}`': 'x', '\u2028\n': [true], 'a b': null };
    const batch = batchOf([record, record]);
    expect(same(roundTrip(new LearnedCodec(), batch), batch)).toBe(true);
  });

  it('when a record holds itself, is of a class or inherits fields, then it arrives as MessagePack gives it', () => {
    class Point {
      x = 1;
      y = 'two';
    }
    const cyclic: Record<string, unknown> = { x: 1, y: 'two' };
    cyclic['y'] = cyclic;
    const bare = Object.assign(Object.create(null) as object, { x: 5, y: 'bare' });
    const values = [{ x: 0, y: 'one' }, new Point(), cyclic, { x: 3, y: 'three' }, bare];
    const got = roundTrip(new LearnedCodec(), batchOf(values)).values;
    expect(got.filter((_, index) => index !== 2)).toEqual([
      { x: 0, y: 'one' },
      { x: 1, y: 'two' },
      { x: 3, y: 'three' },
      { x: 5, y: 'bare' },
    ]);
    expect((got[2] as { y: unknown }).y).toBe(got[2]);
  });

  it('when texts are huge or of any script, then they arrive', () => {
    const values = ['x'.repeat(3_000_000), 'ÿ'.repeat(70_000), '水車'.repeat(50_000), '', '\ud800', '😀'].map(
      (text) => ({
        before: 'a',
        text,
        after: 'b',
      }),
    );
    for (const value of values) {
      const batch = batchOf([value, value]);
      expect(same(roundTrip(new LearnedCodec(), batch), batch)).toBe(true);
    }
    expect(same(roundTrip(new LearnedCodec(), batchOf(values)), batchOf(values))).toBe(true);
  });

  it('when decoded, then typed arrays share no memory with the payload', () => {
    const record = { bytes: Uint8Array.of(1, 2, 3), floats: Float64Array.of(0.5), none: new Uint16Array(0) };
    expect(same(roundTrip(new LearnedCodec(), batchOf([record])), batchOf([record]))).toBe(true);
  });

  it('when a payload is cut short or says another count, then it is refused', () => {
    const batch = batchOf([bid(1), bid(2), { ...bid(3), channel: 'ü' }], [1, 2, 3]);
    const { payload } = new LearnedCodec().encode(batch, 0, 3, NO_LIMIT);
    const whole = Buffer.from(payload);
    for (let length = 0; length < whole.byteLength - 8; length += 1)
      expect(() => new LearnedCodec().decode(whole.subarray(0, length), 3)).toThrow(
        /shorter|JSON|type|kind|coded|records|Unexpected/,
      );
    for (const count of [0, 2, 4])
      expect(() => new LearnedCodec().decode(whole, count)).toThrow(/records|entries|count/);
    expect(same(new LearnedCodec().decode(whole, 3), batch)).toBe(true);
  });

  it.each([
    ['a function', { f: () => 1 }],
    ['a symbol', { s: Symbol('x') }],
    ['a promise', { p: Promise.resolve(1) }],
  ])('when a record holds %s, then it is refused with what to do, and the codec goes on', (_what, value) => {
    const codec = new LearnedCodec();
    const encode = (): unknown => codec.encode(batchOf([bid(1), value, bid(2)]), 0, 3, NO_LIMIT);
    expect(encode).toThrow(RecordNotSerializableError);
    expect(encode).toThrow('records hold data only');
    const batch = batchOf([bid(1), bid(2)]);
    expect(same(roundTrip(codec, batch), batch)).toBe(true);
  });
});
