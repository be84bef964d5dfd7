import { describe, expect, it } from 'vitest';
import q0 from '../../examples/nexmark/q0.ts';
import q1 from '../../examples/nexmark/q1.ts';
import q13 from '../../examples/nexmark/q13.ts';
import q14 from '../../examples/nexmark/q14.ts';
import q2 from '../../examples/nexmark/q2.ts';
import q21 from '../../examples/nexmark/q21.ts';
import q22 from '../../examples/nexmark/q22.ts';
import * as oracle from './nexmark/stateless.ts';
import { everything, PARALLELISMS, rowsOf, SMALL, unordered } from './nexmark/run-query.ts';

const QUERIES = { q0, q1, q2, q13, q14, q21, q22 };
const EVENTS = everything(SMALL);

describe.each(Object.entries(QUERIES))('%s', (name, job) => {
  const expected = unordered(oracle[name as keyof typeof QUERIES](EVENTS));

  it.each(PARALLELISMS)('when run at parallelism %i then its rows are those of the batch', async (p) => {
    expect(expected.length).toBeGreaterThan(0);
    expect(unordered(await rowsOf(job, SMALL, p))).toEqual(expected);
  });
});
