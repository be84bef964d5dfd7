import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { CommittedRows } from './committed-rows.ts';
import { numbersFrom } from './numbers-from.ts';
import { replaceJobManager, replaceTaskManager, startNodes } from './replace-nodes.ts';
import { CONFIGURATION } from './word-count.ts';

const SHORT = 200;
const LONG = 900;
const PER_SECOND = 300;
/** When the long source has given all it has, roughly; ms. */
const END_MS = 4_000;

/** Of three inputs one ends at once, one early and one late: part of the tasks has finished while checkpoints go on. */
function jobInto(target: CommittedRows) {
  return defineJob('with ends', (env) => {
    numbersFrom(env, 0, SHORT, PER_SECOND * 10)
      .union(numbersFrom(env, SHORT, SHORT, PER_SECOND))
      .union(numbersFrom(env, SHORT * 2, LONG - SHORT * 2, PER_SECOND / 2))
      .keyBy((n) => n % 20)
      .reduce((_, n) => n)
      .sinkTo(target);
  });
}

const ENDING = CONFIGURATION.with(
  Configuration.of([
    ['execution.checkpointing.interval', '150 ms'],
    ['execution.checkpointing.timeout', '2 s'],
    ['execution.checkpointing.tolerable-failed-checkpoints', '1000'],
    ['execution.checkpointing.orphan-sweep-interval', '300 ms'],
  ]),
);

/**
 * 3028, 3169: under the next leader, splits went to subtasks that lived on under the one before, and were taken for delivered. 7070: the
 * job had ended, and was submitted once more to the next leader, since the first answer was lost: it ran again.
 */
const REGRESSIONS = [3_028, 3_169, 7_070];
const SEEDS = [...Array.from({ length: 30 }, (_, seed) => seed), ...REGRESSIONS];

describe('a job whose inputs end one after the other on a simulated cluster', () => {
  it.each(SEEDS)(
    'when TaskManagers and the JobManager die around the ends (seed %i) then each row is committed once, the last ones too',
    async (seed) => {
      const random = new SeededRandom(seed).fork('plan');
      const target = new CommittedRows();
      const cluster = new SimulatedCluster({
        seed,
        storeDelayMs: random.next() * 60,
        job: jobInto(target),
        configuration: ENDING.with(
          Configuration.of([['execution.checkpointing.max-concurrent-checkpoints', String(1 + (seed % 3))]]),
        ),
        network: {
          reorder: 'across-subjects',
          faults: [
            { when: ({ subject }) => subject.includes('.data.'), minDelayMs: 0.1 },
            {
              minDelayMs: 0.2,
              meanDelayMs: random.next() * 40,
              dropProbability: random.next() * 0.1,
              duplicateProbability: random.next() * 0.1,
            },
          ],
        },
      });
      const { clock } = cluster;
      await startNodes(cluster, 3);
      const { ended } = cluster.submit();
      let heard = '';
      ended.then(
        (job) => (heard = job.status),
        (error: unknown) => (heard = String(error)),
      );
      for (let i = random.int(3); i >= 0; i--)
        clock.setTimeout(
          () => replaceTaskManager(cluster, random),
          random.next() * END_MS * 1.5,
          'a TaskManager dies',
        );
      if (random.chance(0.4))
        clock.setTimeout(
          () => replaceJobManager(cluster),
          random.next() * END_MS * 1.5,
          'another JobManager leads',
        );
      if (random.chance(0.6))
        clock.setTimeout(
          () => {
            const alive = cluster.taskManagers();
            const cut = random.pick([SimulatedCluster.JOB_MANAGER, ...alive]);
            const others = [SimulatedCluster.JOB_MANAGER, ...alive].filter((node) => node !== cut);
            if (random.chance(0.5)) cluster.network.partition([cut], others);
            else for (const other of others) cluster.network.block(cut, other);
            clock.setTimeout(() => cluster.network.heal(), random.next() * 12_000, 'heal the partition');
          },
          random.next() * END_MS * 1.5,
          'partition',
        );
      const isThere = (): boolean => target.rows().length >= LONG;
      await clock.runUntil(() => isThere() || clock.monotonic() > 300_000, 3_000_000);
      cluster.network.heal();
      cluster.network.setFaults([{ minDelayMs: 0.2, meanDelayMs: 1 }]);
      const end = clock.monotonic() + 60_000;
      await clock.runUntil(() => clock.monotonic() > end, 3_000_000);
      expect(cluster.fatalErrors).toEqual([]);
      expect(target.rows()).toEqual(Array.from({ length: LONG }, (_, i) => i));
      expect(heard).toBe('FINISHED');
    },
  );
});
