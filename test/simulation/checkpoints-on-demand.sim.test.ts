import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { CommittedRows } from './committed-rows.ts';
import { numbersFrom } from './numbers-from.ts';
import { replaceJobManager, startNodes } from './replace-nodes.ts';
import { CONFIGURATION } from './word-count.ts';

const COUNT = 900;
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);

function jobInto(target: CommittedRows) {
  return defineJob('checkpoints on demand', (env) => {
    numbersFrom(env, 0, COUNT, 300)
      .keyBy((n) => n % 20)
      .reduce((_, n) => n)
      .sinkTo(target);
  });
}

describe('a job without periodic checkpoints on a simulated cluster', () => {
  it.each(SEEDS)(
    'when one was taken on demand and another JobManager leads then (seed %i), then the job goes on from it, and none is left at its end',
    async (seed) => {
      const random = new SeededRandom(seed).fork('plan');
      const target = new CommittedRows();
      const cluster = new SimulatedCluster({
        seed,
        storeDelayMs: random.next() * 60,
        job: jobInto(target),
        configuration: CONFIGURATION,
        network: { faults: [{ minDelayMs: 0.2, meanDelayMs: random.next() * 10 }] },
      });
      const { clock, client } = cluster;
      await startNodes(cluster, 2);
      const { jobId, ended } = cluster.submit();
      const asked = clock.monotonic() + 800 + random.int(1_000);
      await clock.runUntil(() => clock.monotonic() >= asked, 2_000_000);
      let path: string | undefined;
      void client.snapshot(jobId, 'checkpoint', {}).then((taken) => (path = taken));
      await clock.runUntil(() => path !== undefined, 2_000_000);
      // What sinks had prepared is committed soon after; what came before the checkpoint comes never again.
      replaceJobManager(cluster);
      let heard: string | undefined;
      ended.then(
        ({ status }) => (heard = status),
        (error: unknown) => (heard = String(error)),
      );
      await clock.runUntil(() => heard !== undefined || clock.monotonic() > 120_000, 3_000_000);
      expect(heard).toBe('FINISHED');
      const over = clock.monotonic() + 10_000;
      await clock.runUntil(() => clock.monotonic() > over, 3_000_000);
      expect(cluster.fatalErrors).toEqual([]);
      expect(target.rows()).toEqual(Array.from({ length: COUNT }, (_, i) => i));
      const store = await cluster.snapshots.open(`memory:/${jobId}`);
      expect(await store.list('')).toEqual([]);
    },
  );
});
