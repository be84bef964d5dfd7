import { describe, expect, it } from 'vitest';
import { StoredMetrics } from '../../actors/metrics/metric-query.ts';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import type { JobId } from '../../src/base/ids.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { DataGeneratorSource } from '../../src/connectors/generator/data-generator-source.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';

const job = defineJob('measured', (env) => {
  env
    .fromSource(
      new DataGeneratorSource({ generate: (i) => i, count: 1_000_000, recordsPerSecond: 200, splits: 4 }),
      WatermarkStrategy.noWatermarks<number>(),
      'numbers',
    )
    .keyBy((n) => n % 7)
    .reduce((a, b) => a + b)
    .filter(() => false)
    .collect();
});

function clusterOf(seed: number): SimulatedCluster {
  return new SimulatedCluster({
    seed,
    job,
    configuration: Configuration.of([
      ['parallelism.default', '2'],
      ['taskmanager.numberOfTaskSlots', '1'],
      ['metrics.fetcher.update-interval', '1 s'],
      ['heartbeat.interval', '500 ms'],
      ['heartbeat.timeout', '5 s'],
      ['restart-strategy.type', 'fixed-delay'],
      ['restart-strategy.fixed-delay.attempts', '1000'],
      ['restart-strategy.fixed-delay.delay', '100 ms'],
      ['execution.checkpointing.interval', '1 s'],
    ]),
    network: {
      faults: [
        { when: ({ subject }) => subject.includes('.data.'), minDelayMs: 0.1 },
        { minDelayMs: 0.2, meanDelayMs: 5, dropProbability: 0.15, duplicateProbability: 0.15 },
      ],
    },
  });
}

/** Values of a metric of all subtasks of all vertices, by TaskManagers that live. */
function valuesOf(cluster: SimulatedCluster, jobId: JobId, metric: string): number[] {
  const vertices = [...(cluster.leader?.metrics.store.job(jobId).values() ?? [])];
  return vertices.flatMap((subtasks) =>
    [...subtasks.values()].map(({ values }) => Number(values.get(metric))),
  );
}

describe('metrics of a simulated cluster', () => {
  it.each([1, 2, 3])(
    'when reports are lost, doubled and late, and a TaskManager dies (seed %i), then the JobManager knows what all subtasks that run count',
    async (seed) => {
      const cluster = clusterOf(seed);
      await cluster.startJobManager();
      for (let i = 0; i < 3; i += 1) cluster.startTaskManager();
      const { jobId } = cluster.submit();
      const allCount = (): boolean => {
        const read = valuesOf(cluster, jobId, 'numRecordsIn');
        return read.length === 4 && read.every((records) => records > 0);
      };
      await cluster.clock.runUntil(allCount);
      const { leader } = cluster;
      if (leader === undefined) throw new Error('there is a leader');
      const query = new StoredMetrics(leader.metrics, cluster.clock);
      const before = await query.values({ type: 'job', jobId });
      const { restarts } = leader.dispatcher.jobManager(jobId)?.actor.getSnapshot().context.scheduler ?? {};
      expect(before.get('numRestarts')).toBe(restarts);
      expect(Number(before.get('numRecordsIn'))).toBeGreaterThan(0);

      const busy = cluster.leader?.metrics.store
        .taskManagers()
        .find((id) => cluster.taskManagers().includes(id));
      cluster.crash(busy ?? '');
      await cluster.clock.runUntil(
        () => cluster.leader?.metrics.store.taskManagers().includes(busy ?? '') === false,
      );
      await cluster.clock.runUntil(allCount);
      const after = await query.values({ type: 'job', jobId });
      expect([...after.keys()]).toEqual(
        expect.arrayContaining(['uptime', 'backpressureMean', 'numberOfRestarts']),
      );
      expect(cluster.fatalErrors).toEqual([]);
    },
  );
});
