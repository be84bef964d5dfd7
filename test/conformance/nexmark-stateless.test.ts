import { describe, expect, it } from 'vitest';
import q0Job from '../../examples/nexmark/q0.ts';
import q1Job from '../../examples/nexmark/q1.ts';
import q13Job from '../../examples/nexmark/q13.ts';
import q14Job from '../../examples/nexmark/q14.ts';
import q2Job from '../../examples/nexmark/q2.ts';
import q21Job from '../../examples/nexmark/q21.ts';
import q22Job from '../../examples/nexmark/q22.ts';
import { everything, PARALLELISMS, rowsOf, SMALL, unordered } from './nexmark/run-query.ts';
import { q0, q1, q13, q14, q2, q21, q22 } from './nexmark/stateless.ts';

const QUERIES = [
  ['q0', q0Job, q0],
  ['q1', q1Job, q1],
  ['q2', q2Job, q2],
  ['q13', q13Job, q13],
  ['q14', q14Job, q14],
  ['q21', q21Job, q21],
  ['q22', q22Job, q22],
] as const;
const EVENTS = everything(SMALL);

describe.each(QUERIES)('%s', (_name, job, batch) => {
  const expected = unordered(batch(EVENTS));

  it.each(PARALLELISMS)('when run at parallelism %i then its rows are those of the batch', async (p) => {
    expect(expected.length).toBeGreaterThan(0);
    expect(unordered(await rowsOf(job, SMALL, p))).toEqual(expected);
  });
});
