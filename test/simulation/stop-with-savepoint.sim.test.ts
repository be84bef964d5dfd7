import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import type { JobId } from '../../src/base/ids.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { DataGeneratorSource } from '../../src/connectors/generator/data-generator-source.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { CommittedRows } from './committed-rows.ts';
import { replaceTaskManager, startNodes } from './replace-nodes.ts';
import { CONFIGURATION } from './word-count.ts';

const NUMBERS = 3_000;
const PER_SECOND = 300;

function jobInto(target: CommittedRows) {
  return defineJob('to be stopped', (env) => {
    const numbers = new DataGeneratorSource({
      generate: (i) => i,
      count: NUMBERS,
      recordsPerSecond: PER_SECOND,
    });
    env
      .fromSource(numbers, WatermarkStrategy.noWatermarks(), 'numbers')
      .keyBy((n) => n % 20)
      .reduce((_, n) => n)
      .sinkTo(target);
  });
}

const STOPPABLE = CONFIGURATION.with(
  Configuration.of([
    ['execution.checkpointing.interval', '500 ms'],
    ['execution.checkpointing.savepoint-dir', 'memory:/savepoints'],
    ['execution.checkpointing.tolerable-failed-checkpoints', '1000'],
  ]),
);

/** Runs a job to its end; undefined where it does not come to one. */
async function run(
  cluster: SimulatedCluster,
  jobId: JobId,
  configuration: Configuration,
): Promise<string | undefined> {
  let status: string | undefined;
  const module = { source: 'simulated' };
  cluster.client.execute({ jobId, module, configuration: configuration.toRecord() }).then(
    (job) => (status = job.status),
    (error: unknown) => (status = String(error)),
  );
  const end = cluster.clock.monotonic() + 300_000;
  await cluster.clock.runUntil(() => status !== undefined || cluster.clock.monotonic() > end, 2_000_000);
  return status;
}

/**
 * 34: the job failed after its savepoint was decided, and went on from the checkpoint before: what the savepoint had committed came
 * twice. 31: it went on without checkpoints. 75: a repeated order was refused, the job having ended by the first.
 */
const REGRESSIONS = [34, 31, 75];
const SEEDS = [...Array.from({ length: 25 }, (_, seed) => seed), ...REGRESSIONS];

describe('a job that is stopped by a savepoint on a simulated cluster', () => {
  it.each(SEEDS)(
    'when a TaskManager dies around the decision (seed %i) then each row is committed once, by this job or by one that goes on',
    async (seed) => {
      const random = new SeededRandom(seed).fork('plan');
      const target = new CommittedRows();
      const cluster = new SimulatedCluster({
        seed,
        storeDelayMs: random.next() * 60,
        job: jobInto(target),
        configuration: STOPPABLE,
        network: {
          faults: [
            { when: ({ subject }) => subject.includes('.data.'), minDelayMs: 0.1 },
            { minDelayMs: 0.2, meanDelayMs: 15, dropProbability: 0.03 },
          ],
        },
      });
      const { clock } = cluster;
      await startNodes(cluster, 3);
      const jobId = cluster.client.newJobId();
      const stopAt = 2_000 + random.int(3_000);
      let savepoint: string | undefined;
      let answered = false;
      const stop = (): void => {
        const stopped = cluster.client.snapshot(jobId, 'savepoint', { stop: true });
        stopped
          .then((path) => (savepoint = path))
          .catch(() => {})
          .finally(() => (answered = true));
      };
      clock.setTimeout(stop, stopAt, 'stop');
      clock.setTimeout(
        () => replaceTaskManager(cluster, random),
        stopAt + random.next() * 400,
        'a TaskManager dies',
      );
      expect(await run(cluster, jobId, STOPPABLE)).toBe('FINISHED');
      await clock.runUntil(() => answered, 200_000);
      if (target.rows().length < NUMBERS) {
        expect(savepoint).toBeDefined();
        const goesOn = STOPPABLE.with(Configuration.of([['execution.state-recovery.path', savepoint ?? '']]));
        expect(await run(cluster, cluster.client.newJobId(), goesOn)).toBe('FINISHED');
      }
      expect(cluster.fatalErrors).toEqual([]);
      expect(target.rows()).toEqual(Array.from({ length: NUMBERS }, (_, i) => i));
    },
  );
});
