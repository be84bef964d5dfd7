import { describe, expect, it } from 'vitest';
import { SimulationTrace } from '../../src/testing/simulation-trace.ts';
import { simulate } from './simulate.ts';
import { REMOTE_COUNT, STATEFUL_COUNT, UNALIGNED_COUNT } from './stateful-count.ts';

/** Seeds that once failed stay here for good; what they found is said beside them. */
const REGRESSIONS: readonly (readonly [number, string])[] = [
  [104, 'a reader that went on with its split asked for an earlier one, whose records were late'],
  [108, 'the only completed checkpoint was removed as subsumed by itself'],
  [
    88_032,
    'tasks that heard late of their last checkpoint waited for others, which had finished, to take barriers',
  ],
  [
    1116,
    'splits went back while a decision was written that gave them to their readers: they were read twice',
  ],
  [1044, 'a job restarted after some of its tasks had finished, and they had lost their state'],
];

const SEEDS = 60;

describe('a job with checkpoints on a simulated cluster', () => {
  it.each(REGRESSIONS)('when seed %i runs (%s) then every row is there once', async (seed) => {
    expect((await simulate(STATEFUL_COUNT, seed)).failure).toBeUndefined();
  });

  it(`when messages are lost, doubled and late and TaskManagers crash (${SEEDS} seeds) then every row is there once`, async () => {
    for (let seed = 1_000; seed < 1_000 + SEEDS; seed++) {
      const { failure } = await simulate(STATEFUL_COUNT, seed);
      expect(
        failure,
        `replay: npm run sim -- --scenario stateful-count --seed ${seed} --trace`,
      ).toBeUndefined();
    }
  });

  it(`when checkpoints are unaligned (${SEEDS} seeds) then every row is there once, those in the channels too`, async () => {
    for (let seed = 2_000; seed < 2_000 + SEEDS; seed++) {
      const { failure } = await simulate(UNALIGNED_COUNT, seed);
      expect(
        failure,
        `replay: npm run sim -- --scenario unaligned-count --seed ${seed} --trace`,
      ).toBeUndefined();
    }
  });

  it(`when state is restored by and by (${SEEDS} seeds) then every row is there once, and no file is missed`, async () => {
    for (let seed = 3_000; seed < 3_000 + SEEDS; seed++) {
      const { failure } = await simulate(REMOTE_COUNT, seed);
      expect(
        failure,
        `replay: npm run sim -- --scenario remote-count --seed ${seed} --trace`,
      ).toBeUndefined();
    }
  });

  it('when a seed runs twice then both runs are the same, event for event', async () => {
    const first = new SimulationTrace();
    const second = new SimulationTrace();
    await simulate(STATEFUL_COUNT, 5, first);
    await simulate(STATEFUL_COUNT, 5, second);
    expect(second.hash).toBe(first.hash);
  });
});
