import { describe, expect, it } from 'vitest';
import q20Job from '../../examples/nexmark/q20.ts';
import q23Job from '../../examples/nexmark/q23.ts';
import q3Job from '../../examples/nexmark/q3.ts';
import { q20, q23, q3 } from './nexmark/joins.ts';
import { everything, PARALLELISMS, rowsOf, SMALL, unordered } from './nexmark/run-query.ts';

const QUERIES = [
  ['q3', q3Job, q3],
  ['q20', q20Job, q20],
  ['q23', q23Job, q23],
] as const;

/** Bidders are persons here: with the suite's offset, the first thousand persons would never bid. */
const ORDERED = { ...SMALL, doubleBidderOffset: false };
const STREAMS = { 'in order': ORDERED, 'out of order': { ...ORDERED, outOfOrderGroupSize: 200 } };

describe.each(QUERIES)('%s', (_name, job, batch) => {
  describe.each(Object.entries(STREAMS))('with events %s', (_order, options) => {
    const expected = unordered(batch(everything(options)));

    it.each(PARALLELISMS)('when run at parallelism %i then its rows are those of the batch', async (p) => {
      expect(expected.length).toBeGreaterThan(0);
      expect(unordered(await rowsOf(job, options, p))).toEqual(expected);
    });
  });
});
