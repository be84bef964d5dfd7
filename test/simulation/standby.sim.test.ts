import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import { MillraceError } from '../../src/base/errors.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { DataGeneratorSource } from '../../src/connectors/generator/data-generator-source.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { CommittedRows } from './committed-rows.ts';
import { replaceTaskManager } from './replace-nodes.ts';
import { CONFIGURATION } from './word-count.ts';

const COUNT = 1_500;
const PER_SECOND = 150;
const CONTENDERS = ['jm-a', 'jm-b', 'jm-c'];
const ELECTION = { leaseMs: 3_000, renewDeadlineMs: 2_500, retryMs: 500 };
/** 9054: a leader that was superseded in the log of decisions before it knew. */
const SEEDS = [...Array.from({ length: 30 }, (_, seed) => seed), 9_054];

function jobInto(target: CommittedRows) {
  return defineJob('led by turns', (env) => {
    const source = new DataGeneratorSource({
      generate: (i) => i,
      count: COUNT,
      recordsPerSecond: PER_SECOND,
    });
    env
      .fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers')
      .keyBy((n) => n % 20)
      .reduce((_, n) => n)
      .sinkTo(target);
  });
}

const OFTEN_SAVED = CONFIGURATION.with(
  Configuration.of([
    ['execution.checkpointing.interval', '200 ms'],
    ['execution.checkpointing.timeout', '2 s'],
    ['execution.checkpointing.tolerable-failed-checkpoints', '1000'],
    ['execution.checkpointing.orphan-sweep-interval', '300 ms'],
  ]),
);

/** What may befall the one that leads, or any other. */
function faults(
  cluster: SimulatedCluster,
  random: SeededRandom,
  start: (node: string) => void,
): (() => void)[] {
  const { clock } = cluster;
  const leader = (): string => [...cluster.leaders.keys()][0] ?? random.pick(CONTENDERS);
  const later = (act: () => void): void => {
    clock.setTimeout(act, random.next() * 8_000, 'the fault ends');
  };
  return [
    () => {
      const node = leader();
      cluster.crash(node);
      later(() => start(node));
    },
    () => {
      const node = leader();
      cluster.withoutMetadata.add(node);
      later(() => cluster.withoutMetadata.delete(node));
    },
    () => {
      const stopped = cluster.clockOf(leader());
      stopped?.pause();
      later(() => stopped?.resume());
    },
    () => {
      const node = leader();
      const others = [...CONTENDERS, ...cluster.taskManagers()].filter((other) => other !== node);
      cluster.network.partition([node], others);
      later(() => cluster.network.heal());
    },
    () => replaceTaskManager(cluster, random),
  ];
}

describe('three JobManagers that contend for one simulated cluster', () => {
  it.each(SEEDS)(
    'when leaders die, stall, lose the lease or the network (seed %i), then another one goes on and each row is committed once',
    async (seed) => {
      const random = new SeededRandom(seed).fork('plan');
      const target = new CommittedRows();
      const cluster = new SimulatedCluster({
        seed,
        storeDelayMs: random.next() * 60,
        job: jobInto(target),
        configuration: OFTEN_SAVED,
        network: {
          reorder: 'across-subjects',
          faults: [
            { when: ({ subject }) => subject.includes('.data.'), minDelayMs: 0.1 },
            {
              minDelayMs: 0.2,
              meanDelayMs: random.next() * 20,
              dropProbability: random.next() * 0.05,
              duplicateProbability: random.next() * 0.05,
            },
          ],
        },
      });
      const { clock } = cluster;
      const start = (node: string): void =>
        cluster.startContender(node, ELECTION, (error) => {
          // A process that cannot go on ends, and its supervisor starts it again.
          if (!(error instanceof MillraceError) || error.domain !== 'external')
            cluster.fatalErrors.push(error);
          cluster.crash(node);
          clock.setTimeout(() => start(node), 1_000, 'restart by the supervisor');
        });
      for (const node of CONTENDERS) start(node);
      for (let i = 0; i < 4; i++) cluster.startTaskManager();
      const { ended } = cluster.submit();
      let heard = '';
      ended.then(
        (job) => (heard = job.status),
        (error: unknown) => (heard = String(error)),
      );
      const possible = faults(cluster, random, start);
      for (let i = random.int(5); i >= 0; i--)
        clock.setTimeout(random.pick(possible), 1_000 + random.next() * 14_000, 'fault');
      await clock.runUntil(() => heard !== '' || clock.monotonic() > 300_000, 3_000_000);
      expect(cluster.fatalErrors).toEqual([]);
      expect(heard).toBe('FINISHED');
      expect(target.rows()).toEqual(Array.from({ length: COUNT }, (_, i) => i));
      const calm = clock.monotonic() + 30_000;
      await clock.runUntil(() => clock.monotonic() > calm, 3_000_000);
      expect(target.rows()).toHaveLength(COUNT);
      expect(cluster.leaders.size).toBe(1);
    },
  );
});
