import { describe, it } from 'vitest';
import q15Job from '../../examples/nexmark/q15.ts';
import q16Job from '../../examples/nexmark/q16.ts';
import q17Job from '../../examples/nexmark/q17.ts';
import q18Job from '../../examples/nexmark/q18.ts';
import q19Job from '../../examples/nexmark/q19.ts';
import q4Job from '../../examples/nexmark/q4.ts';
import q6Job from '../../examples/nexmark/q6.ts';
import q9Job from '../../examples/nexmark/q9.ts';
import type { NexmarkOptions } from '../../examples/nexmark/generator/index.ts';
import type { JobDefinition } from '../../src/index.ts';
import { everything, PARALLELISMS, rowsOf, SMALL } from './nexmark/run-query.ts';
import { expectUpdates, UPDATE_QUERIES } from './nexmark/update-queries.ts';

const JOBS: Readonly<Record<string, JobDefinition>> = {
  ...{ q4: q4Job, q6: q6Job, q9: q9Job, q15: q15Job },
  ...{ q16: q16Job, q17: q17Job, q18: q18Job, q19: q19Job },
};

const STREAMS: Readonly<Record<string, NexmarkOptions>> = {
  'in order': SMALL,
  'out of order': { ...SMALL, firstEventRate: 10_000, outOfOrderGroupSize: 200 },
  'over days': { ...SMALL, numEvents: 3_000, firstEventRate: 0.02 },
};

describe.each(Object.entries(UPDATE_QUERIES))('%s', (name, query) => {
  describe.each(Object.entries(STREAMS))('with events %s', (_order, options) => {
    const events = everything(options);

    it.each(PARALLELISMS)(
      'when run at parallelism %i then its updates lead to the rows of the batch, each consistent with the one before',
      async (p) => {
        expectUpdates(query, events, await rowsOf(JOBS[name] as JobDefinition, options, p));
      },
    );
  });
});
