import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import { SOURCE_BATCH_RECORDS } from '../../src/base/limits.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { DataGeneratorSource } from '../../src/connectors/generator/data-generator-source.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';

const DRIFT_MS = 2_000;
const FAST = 60_000;
/** A record of the slow source is as far in event time as so many of the fast one. */
const PACE = 60;
const INTERVAL_MS = 50;
const PARALLELISM = 2;

/** How far each subtask of each source has come, in event time, and how far the fast one was ever ahead. */
interface Seen {
  readonly slow: Map<number, number>;
  lead: number;
  fast: number;
}

function alignedJob(seen: Seen) {
  const aligned = WatermarkStrategy.forMonotonousTimestamps<number>()
    .withTimestampAssigner((time) => time)
    .withWatermarkAlignment('both', DRIFT_MS, INTERVAL_MS);
  return defineJob('aligned', (env) => {
    const slow = env
      .fromSource(
        new DataGeneratorSource({ generate: (i) => i * PACE, count: FAST / PACE, recordsPerSecond: 100 }),
        aligned,
        'slow',
      )
      .map((time) => {
        const subtask = (time / PACE) % PARALLELISM;
        seen.slow.set(subtask, time);
        return 0;
      });
    const fast = env
      .fromSource(new DataGeneratorSource({ generate: (i) => i, count: FAST }), aligned, 'fast')
      .map((time) => {
        seen.fast += 1;
        if (seen.slow.size < PARALLELISM) return 1;
        const [a = 0, b = 0] = seen.slow.values();
        if (Math.max(a, b) < FAST - 2 * PACE) seen.lead = Math.max(seen.lead, time - Math.min(a, b));
        return 1;
      });
    slow
      .union(fast)
      .keyBy((source) => source)
      .reduce((a) => a)
      .filter(() => false)
      .collect();
  });
}

describe('two sources of very different speed in one alignment group, two subtasks each, on a simulated cluster', () => {
  it.each([1, 2, 3, 4])(
    'when messages are lost, doubled and late (seed %i) then the fast one stays within the drift, and both end',
    async (seed) => {
      const seen: Seen = { slow: new Map(), lead: 0, fast: 0 };
      const cluster = new SimulatedCluster({
        seed,
        job: alignedJob(seen),
        configuration: Configuration.of([
          ['parallelism.default', String(PARALLELISM)],
          ['taskmanager.numberOfTaskSlots', '2'],
          ['execution.buffer-timeout.interval', '0 ms'],
        ]),
        network: {
          faults: [
            { when: ({ subject }) => subject.includes('.data.'), minDelayMs: 0.1 },
            { minDelayMs: 0.2, meanDelayMs: 5, dropProbability: 0.15, duplicateProbability: 0.15 },
          ],
        },
      });
      await cluster.startJobManager();
      cluster.startTaskManager();
      const { ended } = cluster.submit();
      let status = '';
      ended.then(
        (job) => (status = job.status),
        (error: unknown) => (status = String(error)),
      );
      await cluster.clock.runUntil(() => status !== '', 2_000_000);
      expect(cluster.fatalErrors).toEqual([]);
      expect(status).toBe('FINISHED');
      // A job that restarts reads again.
      expect(seen.fast).toBeGreaterThanOrEqual(FAST);
      expect(seen.lead).toBeGreaterThan(0);
      expect(seen.lead).toBeLessThanOrEqual(
        DRIFT_MS + SOURCE_BATCH_RECORDS * PARALLELISM + PACE * PARALLELISM,
      );
    },
  );
});
