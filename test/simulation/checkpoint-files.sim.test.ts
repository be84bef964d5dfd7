import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import type { JobId } from '../../src/base/ids.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { DataGeneratorSource } from '../../src/connectors/generator/data-generator-source.ts';
import { isCheckpointFile } from '../../src/control/checkpoints/sweep.ts';
import type { CoordinatorState } from '../../src/control/checkpoints/state.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { replaceJobManager, replaceTaskManager, startNodes } from './replace-nodes.ts';

const FAULTY_MS = 20_000;
/** After the faults: time for a restart, two sweeps and the checkpoints that prove them. */
const QUIET_MS = 40_000;

const COUNTS = defineJob('endless counts', (env) => {
  env
    .fromSource(
      new DataGeneratorSource({ generate: (i) => i, recordsPerSecond: 200 }),
      WatermarkStrategy.noWatermarks(),
      'numbers',
    )
    .keyBy((n) => n % 50)
    .reduce((a, b) => a + b)
    .filter(() => false)
    .collect();
});

const CONFIGURATION = Configuration.of([
  ['parallelism.default', '2'],
  ['taskmanager.numberOfTaskSlots', '2'],
  ['execution.checkpointing.interval', '200 ms'],
  ['execution.checkpointing.timeout', '3 s'],
  ['execution.checkpointing.tolerable-failed-checkpoints', '1000'],
  ['heartbeat.interval', '500 ms'],
  ['heartbeat.timeout', '5 s'],
  ['restart-strategy.type', 'fixed-delay'],
  ['restart-strategy.fixed-delay.attempts', '1000'],
  ['restart-strategy.fixed-delay.delay', '200 ms'],
]);

/** Files of checkpoints that are there, without a checkpoint that exists or is under way. */
async function orphans(cluster: SimulatedCluster, jobId: JobId): Promise<readonly string[]> {
  const actor = cluster.leader?.dispatcher.jobManager(jobId)?.actor;
  const child = actor?.getSnapshot().children['checkpoints'] as
    | { getSnapshot(): { context: { coordinator: CoordinatorState } } }
    | undefined;
  const coordinator = child?.getSnapshot().context.coordinator;
  const referenced = new Set(coordinator?.completed.flatMap(({ files, path }) => [...files, path]));
  const newest = coordinator?.completed.at(-1)?.timestamp ?? 0;
  const store = await cluster.snapshots.open(`memory:/${jobId}`);
  const files = await store.list('');
  return files
    .filter(({ path, modifiedAt }) => isCheckpointFile(path) && !referenced.has(path) && modifiedAt < newest)
    .map(({ path }) => path);
}

/** Runs the job through faults and a quiet time. */
async function afterFaults(seed: number, sweepInterval: string): Promise<[SimulatedCluster, JobId]> {
  const random = new SeededRandom(seed).fork('plan');
  const cluster = new SimulatedCluster({
    seed,
    job: COUNTS,
    configuration: CONFIGURATION.with(
      Configuration.of([['execution.checkpointing.orphan-sweep-interval', sweepInterval]]),
    ),
    network: { faults: [{ minDelayMs: 0.2, meanDelayMs: 60, dropProbability: 0.02 }] },
  });
  const { clock } = cluster;
  await startNodes(cluster, 2);
  const { jobId, ended } = cluster.submit();
  ended.catch(() => {});
  for (let at = 2_000; at < FAULTY_MS; at += 1_500 + random.int(1_000))
    clock.setTimeout(() => replaceTaskManager(cluster, random), at, 'a TaskManager dies');
  clock.setTimeout(() => replaceJobManager(cluster), FAULTY_MS / 2, 'another JobManager leads');
  const heal = (): void => cluster.network.setFaults([{ minDelayMs: 0.2, meanDelayMs: 1 }]);
  clock.setTimeout(heal, FAULTY_MS, 'heal');
  await pass(cluster, FAULTY_MS + QUIET_MS);
  expect(cluster.fatalErrors).toEqual([]);
  expect(cluster.leader?.dispatcher.jobManager(jobId)?.summary().status).toBe('RUNNING');
  return [cluster, jobId];
}

async function pass({ clock }: SimulatedCluster, ms: number): Promise<void> {
  const end = clock.monotonic() + ms;
  await clock.runUntil(() => clock.monotonic() > end, 3_000_000);
}

const SEEDS = [1, 2, 3, 4, 5, 6];

describe('files of checkpoints that never came to be', () => {
  it.each(SEEDS)(
    'when TaskManagers die between snapshot and decision and the JobManager changes (seed %i), then sweeps remove them and nothing else',
    async (seed) => {
      const [cluster, jobId] = await afterFaults(seed, '2 s');
      expect(await orphans(cluster, jobId)).toEqual([]);
      // What is there is enough to go on from.
      for (const node of cluster.taskManagers()) cluster.crash(node);
      for (let i = 0; i < 2; i++) cluster.startTaskManager();
      await pass(cluster, QUIET_MS);
      expect(cluster.leader?.dispatcher.jobManager(jobId)?.summary().status).toBe('RUNNING');
    },
  );

  it('when nobody sweeps, then the same faults leave some behind', async () => {
    let left = 0;
    for (const seed of SEEDS) left += (await orphans(...(await afterFaults(seed, '0 s')))).length;
    expect(left).toBeGreaterThan(SEEDS.length);
  });
});
