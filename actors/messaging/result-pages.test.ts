import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RESULT_MESSAGE_BYTES } from '../../src/base/limits.ts';
import { encodeMessage } from '../../src/protocol/codec.ts';
import { resultPages } from './result-pages.ts';

describe('resultPages', () => {
  it('when rows are of any size then pages hold all of them in order, and each fits a message', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 40 }), (sizes) => {
        const rows = sizes.map((size, i) => ({ i, text: 'x'.repeat(size) }));
        const pages = [...resultPages(rows)];
        expect(pages.flat()).toEqual(rows);
        expect(pages.every((page) => encodeMessage(page).byteLength <= RESULT_MESSAGE_BYTES)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('when one row is larger than a message then the error says what to do', () => {
    expect(() => [...resultPages(['x'.repeat(RESULT_MESSAGE_BYTES)])]).toThrow(
      /write large rows with a sink/,
    );
  });
});
