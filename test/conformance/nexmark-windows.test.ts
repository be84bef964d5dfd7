import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import q11Job from '../../examples/nexmark/q11.ts';
import q5Job from '../../examples/nexmark/q5.ts';
import q7Job, { highestBids } from '../../examples/nexmark/q7.ts';
import q8Job from '../../examples/nexmark/q8.ts';
import type { Bid } from '../../examples/nexmark/generator/index.ts';
import { defineJob, WatermarkStrategy } from '../../src/index.ts';
import { everything, PARALLELISMS, rowsOf, SMALL, unordered } from './nexmark/run-query.ts';
import { q11, q5, q7, q8 } from './nexmark/windows.ts';

const QUERIES = [
  ['q5', q5Job, q5],
  ['q7', q7Job, q7],
  ['q8', q8Job, q8],
  ['q11', q11Job, q11],
] as const;

/** A slower stream for sessions that end, persons who sell soon, and windows without many bids. */
const STREAMS = {
  'in order': SMALL,
  'out of order': { ...SMALL, firstEventRate: 400, outOfOrderGroupSize: 100 },
  sparse: { ...SMALL, numEvents: 3_000, firstEventRate: 40 },
};

describe.each(QUERIES)('%s', (_name, job, batch) => {
  describe.each(Object.entries(STREAMS))('with events %s', (_order, options) => {
    const expected = unordered(batch(everything(options)));

    it.each(PARALLELISMS)('when run at parallelism %i then its rows are those of the batch', async (p) => {
      expect(expected.length).toBeGreaterThan(0);
      expect(unordered(await rowsOf(job, options, p))).toEqual(expected);
    });
  });
});

describe('q7 at the end of a window', () => {
  it('when a bid there has the highest price of the window before then it is a row of that window too', async () => {
    const bid = (dateTime: number, price: number): Bid =>
      ({ eventType: 2, auction: 1, bidder: 1, price, dateTime, channel: '', url: '', extra: '' }) as const;
    const bids = [
      bid(1_000, 5),
      bid(10_000, 5),
      bid(10_000, 6),
      bid(11_000, 5),
      bid(20_000, 6),
      bid(21_000, 9),
    ];
    const job = defineJob('q7 of few', (env) => {
      const byTime = WatermarkStrategy.forMonotonousTimestamps<Bid>().withTimestampAssigner(
        (b) => b.dateTime,
      );
      highestBids(env.fromCollection(bids).assignTimestampsAndWatermarks(byTime)).collect();
    });
    const { collected } = await runJob(job);
    const expected = q7({ all: bids, persons: [], auctions: [], bids });
    expect(expected).toHaveLength(5);
    expect(unordered(collected())).toEqual(unordered(expected));
  });
});
