import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import type { JobId } from '../../src/base/ids.ts';
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

/** A cluster that runs the job until it ends by itself. */
function clusterOf(seed: number, random: SeededRandom, retention: string, target: CommittedRows) {
  return new SimulatedCluster({
    seed,
    storeDelayMs: 20 + random.next() * 100,
    job: jobInto(target),
    configuration: ENDING.with(
      Configuration.of([['execution.checkpointing.externalized-checkpoint-retention', retention]]),
    ),
    network: { faults: [{ minDelayMs: 0.2, meanDelayMs: random.next() * 10 }] },
  });
}

/** Runs until the client hears how the job ended. */
async function heardOf({ clock }: SimulatedCluster, ended: Promise<{ status: string }>): Promise<string> {
  let heard: string | undefined;
  ended.then(
    ({ status }) => (heard = status),
    (error: unknown) => (heard = String(error)),
  );
  await clock.runUntil(() => heard !== undefined || clock.monotonic() > 120_000, 3_000_000);
  return heard ?? 'nothing';
}

async function pass({ clock }: SimulatedCluster, ms: number): Promise<void> {
  const end = clock.monotonic() + ms;
  await clock.runUntil(() => clock.monotonic() > end, 3_000_000);
}

async function filesOf(cluster: SimulatedCluster, jobId: JobId): Promise<readonly string[]> {
  const store = await cluster.snapshots.open(`memory:/${jobId}`);
  return (await store.list('')).map(({ path }) => path);
}

const isLog = (path: string): boolean => path.startsWith('log/');

describe('checkpoints of a job that has ended on a simulated cluster', () => {
  it.each(SEEDS)(
    'when JobManagers die around its end (seed %i), then what is not to stay is removed all the same, and nothing else',
    async (seed) => {
      const random = new SeededRandom(seed).fork('plan');
      const { retention, cancel, kept } = random.pick(ENDS);
      const cluster = clusterOf(seed, random, retention, new CommittedRows());
      const { clock, client } = cluster;
      await startNodes(cluster, 2);
      const { jobId, ended } = cluster.submit();
      const act = (atMs: number, name: string, what: () => void): void =>
        void clock.setTimeout(what, atMs, name);
      if (cancel) act(2_500, 'cancel', () => void client.cancel(jobId).catch(() => {}));
      for (let i = 1 + random.int(2); i > 0; i--)
        act(2_500 + random.next() * 2_000, 'another JobManager leads', () => replaceJobManager(cluster));
      const heard = await heardOf(cluster, ended);
      expect(cancel ? ['CANCELED', 'FINISHED'] : ['FINISHED']).toContain(heard);
      await pass(cluster, 10_000);
      expect(cluster.fatalErrors).toEqual([]);
      const files = await filesOf(cluster, jobId);
      expect(files.filter(isLog)).toEqual([]);
      const left = files.filter(isCheckpointFile);
      if (kept && heard === 'CANCELED') expect(left.some((path) => path.endsWith('_metadata'))).toBe(true);
      else expect(left).toEqual([]);
    },
  );

  it.each(SEEDS.slice(0, 10))(
    'when the store fails to delete at its end (seed %i), then the first leader after that removes them, and the job does not run again',
    async (seed) => {
      const random = new SeededRandom(seed).fork('plan');
      const target = new CommittedRows();
      const cluster = clusterOf(seed, random, 'NO_EXTERNALIZED_CHECKPOINTS', target);
      await startNodes(cluster, 2);
      const { jobId, ended } = cluster.submit();
      cluster.clock.setTimeout(() => (cluster.deletesFail = true), 2_500, 'deletes fail');
      expect(await heardOf(cluster, ended)).toBe('FINISHED');
      for (let leaders = random.int(2); leaders > 0; leaders--) {
        await pass(cluster, 10_000);
        replaceJobManager(cluster);
      }
      await pass(cluster, 10_000);
      expect((await filesOf(cluster, jobId)).filter(isLog)).not.toEqual([]);
      cluster.deletesFail = false;
      replaceJobManager(cluster);
      await pass(cluster, 10_000);
      expect(cluster.fatalErrors).toEqual([]);
      expect(await filesOf(cluster, jobId)).toEqual([]);
      expect(target.rows()).toHaveLength(COUNT);
    },
  );
});
