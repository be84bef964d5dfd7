import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Key, PrimitiveKey } from '../functions/basic.ts';
import { keyIdentity } from './key-encoding.ts';
import { compareKeys } from './key-order.ts';

const primitive: fc.Arbitrary<PrimitiveKey> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -3, max: 3 }),
  fc.bigInt({ min: -3n, max: 3n }),
  fc.string({ maxLength: 2 }),
);
const key: fc.Arbitrary<Key> = fc.oneof(primitive, fc.array(primitive, { maxLength: 3 }));

describe('compareKeys', () => {
  it('when keys of any kinds are compared then the order is total, and equal only for equal keys', () => {
    fc.assert(
      fc.property(key, key, key, (a, b, c) => {
        expect(Math.sign(compareKeys(a, b)) + Math.sign(compareKeys(b, a))).toBe(0);
        expect(compareKeys(a, b) === 0).toBe(keyIdentity(a) === keyIdentity(b));
        if (compareKeys(a, b) <= 0 && compareKeys(b, c) <= 0)
          expect(compareKeys(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('when keys of several kinds are sorted then kinds follow each other, ascending within', () => {
    const keys: Key[] = [['b', 1], 'b', 2n, 10, true, null, ['a'], ['a', 2], 'B', 9, false];
    expect(keys.toSorted(compareKeys)).toEqual([
      null,
      false,
      true,
      9,
      10,
      2n,
      'B',
      'b',
      ['a'],
      ['a', 2],
      ['b', 1],
    ]);
  });
});
