import { describe, expect, it } from 'vitest';
import c0Job from '../../examples/nexmark/c0.ts';
import c1Job from '../../examples/nexmark/c1.ts';
import c2Job from '../../examples/nexmark/c2.ts';
import c3Job from '../../examples/nexmark/c3.ts';
import { c0, c1, c2, c3 } from './nexmark/patterns.ts';
import { everything, PARALLELISMS, rowsOf, SMALL, unordered } from './nexmark/run-query.ts';

const QUERIES = [
  ['c0', c0Job, c0],
  ['c1', c1Job, c1],
  ['c2', c2Job, c2],
  ['c3', c3Job, c3],
] as const;

/** Enough auctions that generators share none but at the ends of their ranges: a pair's bids never have equal times. */
const MANY = { ...SMALL, numEvents: 20_000, firstEventRate: 1_000 };
const STREAMS = {
  'in order': MANY,
  'out of order': { ...MANY, outOfOrderGroupSize: 500 },
  slow: { ...MANY, firstEventRate: 5 },
};

describe.each(QUERIES)('%s', (_name, job, batch) => {
  describe.each(Object.entries(STREAMS))('with events %s', (_order, options) => {
    const expected = unordered(batch(everything(options)));

    it.each(PARALLELISMS)('when run at parallelism %i then its matches are those of the batch', async (p) => {
      expect(expected.length).toBeGreaterThan(10);
      expect(unordered(await rowsOf(job, options, p))).toEqual(expected);
    });
  });
});
