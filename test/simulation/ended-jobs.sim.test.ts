import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { DataGeneratorSource } from '../../src/connectors/generator/data-generator-source.ts';
import { isCheckpointFile } from '../../src/control/checkpoints/sweep.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { CommittedRows } from './committed-rows.ts';
import { replaceJobManager, startNodes } from './replace-nodes.ts';
import { CONFIGURATION } from './word-count.ts';

const COUNT = 900;
const PER_SECOND = 300;

function jobInto(target: CommittedRows) {
  return defineJob('short', (env) => {
    env
      .fromSource(
        new DataGeneratorSource({ generate: (i) => i, count: COUNT, recordsPerSecond: PER_SECOND }),
        WatermarkStrategy.noWatermarks(),
        'numbers',
      )
      .keyBy((n) => n % 20)
      .reduce((_, n) => n)
      .sinkTo(target);
  });
}

const ENDING = CONFIGURATION.with(
  Configuration.of([
    ['execution.checkpointing.interval', '200 ms'],
    ['execution.checkpointing.tolerable-failed-checkpoints', '1000'],
  ]),
);

/** How a job ends, and whether its checkpoints stay then. */
const ENDS = [
  { retention: 'NO_EXTERNALIZED_CHECKPOINTS', cancel: false, kept: false },
  { retention: 'NO_EXTERNALIZED_CHECKPOINTS', cancel: true, kept: false },
  { retention: 'RETAIN_ON_CANCELLATION', cancel: true, kept: true },
] as const;
const SEEDS = Array.from({ length: 30 }, (_, seed) => seed);

describe('checkpoints of a job that has ended on a simulated cluster', () => {
  it.each(SEEDS)(
    'when JobManagers die around its end (seed %i), then what is not to stay is removed all the same, and nothing else',
    async (seed) => {
      const random = new SeededRandom(seed).fork('plan');
      const { retention, cancel, kept } = random.pick(ENDS);
      const target = new CommittedRows();
      const cluster = new SimulatedCluster({
        seed,
        storeDelayMs: 20 + random.next() * 100,
        job: jobInto(target),
        configuration: ENDING.with(
          Configuration.of([['execution.checkpointing.externalized-checkpoint-retention', retention]]),
        ),
        network: { faults: [{ minDelayMs: 0.2, meanDelayMs: random.next() * 10 }] },
      });
      const { clock, client } = cluster;
      await startNodes(cluster, 2);
      const { jobId, ended } = cluster.submit();
      let heard: string | undefined;
      ended.then(
        ({ status }) => (heard = status),
        (error: unknown) => (heard = String(error)),
      );
      const act = (atMs: number, name: string, what: () => void): void =>
        void clock.setTimeout(what, atMs, name);
      if (cancel) act(2_500, 'cancel', () => void client.cancel(jobId).catch(() => {}));
      for (let i = 1 + random.int(2); i > 0; i--)
        act(2_500 + random.next() * 2_000, 'another JobManager leads', () => replaceJobManager(cluster));
      await clock.runUntil(() => heard !== undefined || clock.monotonic() > 120_000, 3_000_000);
      expect(cancel ? ['CANCELED', 'FINISHED'] : ['FINISHED']).toContain(heard);
      const end = clock.monotonic() + 10_000;
      await clock.runUntil(() => clock.monotonic() > end, 3_000_000);
      expect(cluster.fatalErrors).toEqual([]);
      const store = await cluster.snapshots.open(`memory:/${jobId}`);
      const files = (await store.list('')).map(({ path }) => path);
      expect(files.filter((path) => path.startsWith('log/'))).toEqual([]);
      const left = files.filter(isCheckpointFile);
      if (kept && heard === 'CANCELED') expect(left.some((path) => path.endsWith('_metadata'))).toBe(true);
      else expect(left).toEqual([]);
    },
  );
});
