import { describe, expect, it } from 'vitest';
import { QUERIES } from '../../examples/nexmark/index.ts';
import type { JobDefinition } from '../../src/index.ts';
import { rowsOf, SMALL } from './nexmark/run-query.ts';

/** By the wall clock no two runs of q12 need be alike; q10 has no rows but files. */
const { q10: _files, q12: _clock, ...REPEATABLE } = QUERIES;

/**
 * Their rows are changes of the winning bid: bids that are read before their auction wait for it and then make one change, not several.
 * How many do depends on how the two inputs are read by turns. What holds at the end is compared with the oracle.
 */
const CHANGES = new Set(['q4', 'q6', 'q9']);

describe.each(Object.entries(REPEATABLE))('%s', (name, { module, yardstick }) => {
  it('when the yardstick reads the events of the job then it makes as many rows', async () => {
    const { default: job } = (await import(module)) as { default: JobDefinition };
    const options = { ...SMALL, doubleBidderOffset: false };
    const { rows } = yardstick(options.numEvents, options);
    expect(rows).toBeGreaterThan(0);
    const { length } = await rowsOf(job, options, 1);
    expect(length).toBeGreaterThan(0);
    if (CHANGES.has(name)) expect(length).toBeLessThanOrEqual(rows);
    else expect(length).toBe(rows);
  });
});
