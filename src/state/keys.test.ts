import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../base/errors.ts';
import { hashKey, keyFromIdentity, keyIdentity } from './key-encoding.ts';
import { keyGroupFor, keyGroupRange, subtaskForKeyGroup } from './key-groups.ts';

const primitive = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.oneof(primitive, fc.array(primitive, { maxLength: 4 }));
const normal = (value: unknown): unknown =>
  Object.is(value, -0) ? 0 : Array.isArray(value) ? value.map(normal) : value;

describe('key identity', () => {
  it('gives every key back', () => {
    fc.assert(
      fc.property(key, (k) => {
        expect(normal(keyFromIdentity(keyIdentity(k)))).toEqual(normal(k));
      }),
    );
  });

  it('when two keys differ, then their identities differ', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const same = JSON.stringify(show(a)) === JSON.stringify(show(b));
        expect(Object.is(normal(keyIdentity(a)), normal(keyIdentity(b)))).toBe(same);
      }),
    );
  });

  it('when texts hold separators or the mark, then tuples stay apart', () => {
    expect(keyIdentity(['a', 'b'])).not.toBe(keyIdentity(['a1:b']));
    expect(keyIdentity('\u0000ts1:a')).not.toBe(keyIdentity(['a']));
    expect(keyIdentity([1, '1'])).not.toBe(keyIdentity(['1', 1]));
  });

  it.each([
    ['undefined', undefined],
    ['NaN', Number.NaN],
    ['an object', { id: 1 }],
    ['NaN', ['a', Number.NaN]],
    ['undefined', ['a', undefined]],
    ['promise', Promise.resolve(1)],
  ])('when a key is %s, then it is refused with what to do', (what, value) => {
    expect(() => keyIdentity(value)).toThrow(UserError);
    expect(() => keyIdentity(value)).toThrow(what);
    expect(() => keyIdentity(value)).toThrow('must be a string');
    expect(() => hashKey(value)).toThrow(UserError);
  });
});

describe('key groups', () => {
  it('hash the same in every release', () => {
    expect([1, 0, -1, 2 ** 40, 1.5, 'a', 'hello', '', true, null, 12n, ['a', 1], []].map((k) => hashKey(k)))
      .toMatchInlineSnapshot(`
      [
        4226891818,
        593689054,
        1982413648,
        3829355368,
        4034560987,
        3839138892,
        2314510442,
        4279838538,
        3204436531,
        2335258867,
        3293212444,
        3719409895,
        0,
      ]
    `);
    expect(hashKey(-0)).toBe(hashKey(0));
  });

  it('when ranges of all subtasks are laid out, then each key group is in the range of its subtask and in no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }), (max, wanted) => {
        const parallelism = Math.min(max, wanted);
        let next = 0;
        for (let subtask = 0; subtask < parallelism; subtask += 1) {
          const range = keyGroupRange(subtask, max, parallelism);
          expect(range.start).toBe(next);
          for (let group = range.start; group <= range.end; group += 1) {
            expect(subtaskForKeyGroup(group, max, parallelism)).toBe(subtask);
          }
          next = range.end + 1;
        }
        expect(next).toBe(max);
      }),
    );
  });

  it('when keys are sequential numbers or texts, then groups are used about evenly', () => {
    for (const make of [
      (i: number) => i,
      (i: number) => `key-${i}`,
      (i: number) => i * 1000,
      (i: number) => [i, 'x'],
    ]) {
      const counts = Array.from({ length: 128 }, () => 0);
      for (let i = 0; i < 128_00; i += 1) {
        const group = keyGroupFor(make(i), 128);
        counts[group] = (counts[group] ?? 0) + 1;
      }
      expect(Math.max(...counts)).toBeLessThan(160);
      expect(Math.min(...counts)).toBeGreaterThan(50);
    }
  });

  it('when parallelism is above max parallelism, then it is refused', () => {
    expect(() => keyGroupRange(0, 2, 3)).toThrow('raise the max parallelism');
  });
});

function show(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(show);
  if (typeof value === 'number') return ['number', String(value === 0 ? 0 : value)];
  return [typeof value, String(value)];
}
