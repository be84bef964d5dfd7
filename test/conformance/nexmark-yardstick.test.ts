import { describe, expect, it } from 'vitest';
import { QUERIES } from '../../examples/nexmark/index.ts';
import type { JobDefinition } from '../../src/index.ts';
import { rowsOf, SMALL } from './nexmark/run-query.ts';

/** By the wall clock no two runs of q12 need be alike; q10 has no rows but files. */
const { q10: _files, q12: _clock, ...REPEATABLE } = QUERIES;

describe.each(Object.entries(REPEATABLE))('%s', (_name, { module, yardstick }) => {
  it('when the yardstick reads the events of the job then it makes as many rows', async () => {
    const { default: job } = (await import(module)) as { default: JobDefinition };
    const options = { ...SMALL, doubleBidderOffset: false };
    const { rows } = yardstick(options.numEvents, options);
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBe((await rowsOf(job, options, 1)).length);
  });
});
