import { describe, expect, it } from 'vitest';
import { SimulationTrace } from '../../src/testing/simulation-trace.ts';
import { simulate } from './simulate.ts';
import { WORD_COUNT } from './word-count.ts';

/** Seeds that once failed stay here for good; what they found is said beside them. */
const REGRESSIONS: readonly (readonly [number, string])[] = [
  [2, 'a slot whose release was lost stayed with a job that did not know it'],
  [17, 'splits assigned to a stale request between two attempts were lost'],
  [48, 'as 17, through a restart storm'],
];

const SEEDS = 60;

describe('word count on a simulated cluster', () => {
  it.each(REGRESSIONS)('when seed %i runs (%s) then the counts are exact', async (seed) => {
    expect((await simulate(WORD_COUNT, seed)).failure).toBeUndefined();
  });

  it(`when messages are lost, doubled and late and nodes crash (${SEEDS} seeds) then every job ends with exact counts`, async () => {
    for (let seed = 1_000; seed < 1_000 + SEEDS; seed++) {
      const { failure } = await simulate(WORD_COUNT, seed);
      expect(failure, `replay: npm run sim -- --seed ${seed} --trace`).toBeUndefined();
    }
  });

  it('when a seed runs twice then both runs are the same, event for event', async () => {
    const first = new SimulationTrace();
    const second = new SimulationTrace();
    await simulate(WORD_COUNT, 5, first);
    await simulate(WORD_COUNT, 5, second);
    expect(second.hash).toBe(first.hash);
    expect(second.lines.length).toBe(first.lines.length);
  });
});
