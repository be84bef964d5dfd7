import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUERIES } from '../../examples/nexmark/index.ts';
import type { NexmarkOptions } from '../../examples/nexmark/index.ts';
import type { BidderWindow } from '../../examples/nexmark/q11.ts';
import { expectMinuteFiles } from '../conformance/nexmark/files.ts';
import { q20, q23, q3 } from '../conformance/nexmark/joins.ts';
import * as patterns from '../conformance/nexmark/patterns.ts';
import { expectBidderWindows } from '../conformance/nexmark/processing-time.ts';
import {
  configurationOf,
  everything,
  PARALLELISMS,
  SMALL,
  unordered,
} from '../conformance/nexmark/run-query.ts';
import type { Everything } from '../conformance/nexmark/run-query.ts';
import * as stateless from '../conformance/nexmark/stateless.ts';
import { expectUpdates, UPDATE_QUERIES } from '../conformance/nexmark/update-queries.ts';
import * as windows from '../conformance/nexmark/windows.ts';
import { ClusterUnderTest } from './cluster-under-test.ts';

/** Bidders are persons here, so that q23 has rows. */
const SOME: NexmarkOptions = { ...SMALL, doubleBidderOffset: false };
/** Enough bids for patterns, and no two of a bidder on an auction at the same time. */
const MANY: NexmarkOptions = { ...SMALL, numEvents: 20_000, firstEventRate: 1_000 };
/** Bids of several minutes. */
const SLOW: NexmarkOptions = { ...SMALL, firstEventRate: 20 };

const ROWS: Readonly<Record<string, (events: Everything) => unknown[]>> = {
  ...stateless,
  ...windows,
  ...patterns,
  ...{ q3, q20, q23 },
};

let cluster: ClusterUnderTest;

/** Slots for all three runs of a query; no process has four, and jobs are spread: records cross the network. */
beforeAll(async () => {
  const spread = ['-D', 'taskmanager.load-balance.mode=SLOTS'];
  cluster = await ClusterUnderTest.start({ taskManagers: 3, slots: 3, arguments: spread });
});

afterAll(async () => {
  await cluster?.stop();
});

/** Runs a query at every parallelism at the same time; the rows of each run in order of arrival. */
function runs(
  query: string,
  options: NexmarkOptions,
  more: (parallelism: number) => Readonly<Record<string, string>> = () => ({}),
): Promise<{ readonly parallelism: number; readonly rows: readonly unknown[] }[]> {
  return Promise.all(
    PARALLELISMS.map(async (parallelism) => {
      const jobId = await cluster.submit(QUERIES[query]?.module ?? '', {
        ...configurationOf(options, more(parallelism)),
        'parallelism.default': String(parallelism),
      });
      const job = await cluster.untilEnded(jobId);
      expect(job).toMatchObject({ status: 'FINISHED', restarts: 0 });
      const rows = job.results > 0 ? await cluster.client.collect(jobId, 'collect') : [];
      return { parallelism, rows };
    }),
  );
}

describe('Nexmark over NATS, at parallelism 1, 2 and 4', () => {
  it('when all queries are counted then each has an oracle here', () => {
    const covered = [...Object.keys(ROWS), ...Object.keys(UPDATE_QUERIES), 'q10', 'q12'];
    expect(covered.toSorted()).toEqual(Object.keys(QUERIES).toSorted());
  });

  it.each(Object.entries(ROWS))(
    'when %s is run then its rows are those of the batch',
    async (query, batch) => {
      const options = query.startsWith('c') ? MANY : SOME;
      const expected = unordered(batch(everything(options)));
      expect(expected.length).toBeGreaterThan(0);
      for (const { rows } of await runs(query, options)) expect(unordered(rows)).toEqual(expected);
    },
  );

  it.each(Object.entries(UPDATE_QUERIES))(
    'when %s is run then its updates lead to the rows of the batch, each consistent with the one before',
    async (name, query) => {
      const events = everything(SMALL);
      for (const { rows } of await runs(name, SMALL)) expectUpdates(query, events, rows);
    },
  );

  it('when q10 is run then each minute has one complete file with its bids', async () => {
    const output = (parallelism: number): string => join(cluster.folder, `q10-${parallelism}`);
    const { bids } = everything(SLOW);
    for (const { parallelism } of await runs('q10', SLOW, (p) => ({ output: output(p) })))
      await expectMinuteFiles(output(parallelism), bids);
  });

  it('when q12 is run then each bid counts in one window of the clock', async () => {
    const { bids } = everything(SOME);
    for (const { rows } of await runs('q12', SOME))
      expectBidderWindows(rows as readonly BidderWindow[], bids);
  });
});
