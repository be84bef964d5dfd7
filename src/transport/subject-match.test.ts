import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SUBJECT_CHARS_MAX } from '../base/limits.ts';
import { InvalidSubjectError } from './errors.ts';
import { SubjectIndex, checkPattern, checkSubject, isPattern, matchesPattern } from './subject-match.ts';

describe('matchesPattern', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.b.c', false],
    ['a.b.c', 'a.b', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['*.b', 'a.b', true],
    ['a.>', 'a.b', true],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['>', 'a', true],
    ['*.*.>', 'a.b', false],
    ['a*.b', 'ab.b', false],
    ['a*.b', 'a*.b', true],
  ])('when the pattern is %s and the subject %s, it answers %s', (pattern, subject, expected) => {
    expect(matchesPattern(pattern, subject)).toBe(expected);
  });
});

describe('checkSubject and checkPattern', () => {
  it.each(['', '.a', 'a.', 'a..b', 'a b', 'a\r\nb', 'a\0', 'x'.repeat(SUBJECT_CHARS_MAX + 1)])(
    'when the text is %j, both refuse it',
    (text) => {
      expect(() => checkSubject(text)).toThrow(InvalidSubjectError);
      expect(() => checkPattern(text)).toThrow(InvalidSubjectError);
    },
  );

  it('when a subject has a wildcard token, publishing is refused and subscribing allowed', () => {
    for (const pattern of ['>', 'a.*', '*.b', 'a.>']) {
      expect(() => checkSubject(pattern)).toThrow(InvalidSubjectError);
      expect(() => checkPattern(pattern)).not.toThrow();
    }
  });

  it("when '>' is not the last token, the pattern is refused", () => {
    expect(() => checkPattern('a.>.b')).toThrow(InvalidSubjectError);
    expect(() => checkPattern('>.b')).toThrow(InvalidSubjectError);
  });
});

describe('SubjectIndex', () => {
  const token = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
  const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'));
  const pattern = fc
    .tuple(fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([tokens, tail]) => [...tokens, ...(tail ? ['>'] : [])].join('.'));

  it('when patterns are added and removed, it finds what a scan over all patterns finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(pattern, fc.nat(5), fc.boolean()), { maxLength: 40 }),
        fc.array(subject, { minLength: 1, maxLength: 10 }),
        (edits, subjects) => {
          const index = new SubjectIndex<string>();
          const model = new Map<string, { pattern: string; value: string }>();
          for (const [text, number, add] of edits) {
            const value = `${text}#${number}`;
            if (add) {
              index.add(text, value);
              model.set(value, { pattern: text, value });
            } else {
              expect(index.remove(text, value)).toBe(model.delete(value));
            }
            expect(index.size).toBe(model.size);
          }
          for (const text of subjects) {
            const expected = [...model.values()].filter((entry) => matchesPattern(entry.pattern, text));
            expect(index.match(text).sort()).toEqual(expected.map((entry) => entry.value).sort());
          }
        },
      ),
    );
  });

  it('when one value is under several matching patterns, each pair is found', () => {
    const index = new SubjectIndex<number>();
    for (const text of ['a.b', 'a.*', 'a.>', '>']) index.add(text, 1);
    expect(index.match('a.b')).toEqual([1, 1, 1, 1]);
  });

  it('when ten thousand literal subjects are held, a subject finds its own', () => {
    const index = new SubjectIndex<number>();
    for (let at = 0; at < 10_000; at++) index.add(`mr.c.job.${at}`, at);
    expect(index.match('mr.c.job.7777')).toEqual([7777]);
    expect(isPattern('mr.c.job.7777')).toBe(false);
  });
});
