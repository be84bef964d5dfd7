import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { CommittedRows } from './committed-rows.ts';
import { numbersFrom } from './numbers-from.ts';
import { startNodes } from './replace-nodes.ts';
import { CONFIGURATION } from './word-count.ts';

const SHORT = 150;
const LONG = 900;
const PER_SECOND = 300;

/**
 * Of four inputs two end early and one late; one feeds subtasks of its own. Nobody waits for a last checkpoint, as there is none.
 */
function jobInto(target: CommittedRows) {
  return defineJob('with ends', (env) => {
    const byItself = numbersFrom(env, 0, SHORT, PER_SECOND * 4)
      .keyBy((n) => n % 7)
      .reduce((_, n) => n);
    numbersFrom(env, SHORT, SHORT, PER_SECOND)
      .union(numbersFrom(env, SHORT * 2, LONG - SHORT * 2, PER_SECOND / 4))
      .keyBy((n) => n % 20)
      .reduce((_, n) => n)
      .union(byItself)
      .keyBy((n) => n % 3)
      .reduce((_, n) => n)
      .sinkTo(target);
  });
}

const ON_DEMAND = CONFIGURATION.with(
  Configuration.of([['execution.checkpointing.savepoint-dir', 'memory:/savepoints']]),
);
const SEEDS = Array.from({ length: 25 }, (_, seed) => seed);

describe('a savepoint of a job without periodic checkpoints on a simulated cluster', () => {
  it.each(SEEDS)(
    'when a part of the subtasks has finished or does so meanwhile (seed %i), then a job that goes on from it has each row once',
    async (seed) => {
      const random = new SeededRandom(seed).fork('plan');
      const target = new CommittedRows();
      const cluster = new SimulatedCluster({
        seed,
        storeDelayMs: random.next() * 60,
        job: jobInto(target),
        configuration: ON_DEMAND,
        network: {
          faults: [
            { when: ({ subject }) => subject.includes('.data.'), minDelayMs: 0.1 + random.next() * 400 },
            { minDelayMs: 0.2, meanDelayMs: random.next() * 20 },
          ],
        },
      });
      const { clock, client } = cluster;
      await startNodes(cluster, 3);
      const run = (recoveryPath: readonly [string, string][]): Promise<string> =>
        client
          .execute({
            jobId,
            module: { source: 'simulated' },
            configuration: ON_DEMAND.with(Configuration.of(recoveryPath)).toRecord(),
          })
          .then(({ status }) => status, String);
      const until = async <T>(promise: Promise<T>): Promise<T> => {
        let settled = false;
        const settle = (): void => void (settled = true);
        promise.then(settle, settle);
        await clock.runUntil(() => settled, 2_000_000);
        expect(settled).toBe(true);
        return promise;
      };
      let jobId = client.newJobId();
      const first = run([]);
      const asked = clock.monotonic() + 500 + random.int(3_500);
      await clock.runUntil(() => clock.monotonic() >= asked, 2_000_000);
      const savepoint = await until(client.snapshot(jobId, 'savepoint', {}));
      await until(client.cancel(jobId));
      expect(await until(first)).toBe('CANCELED');
      expect(target.rows()).toEqual([]);
      jobId = client.newJobId();
      expect(await until(run([['execution.state-recovery.path', savepoint]]))).toBe('FINISHED');
      expect(cluster.fatalErrors).toEqual([]);
      expect(target.rows()).toEqual(Array.from({ length: LONG }, (_, i) => i));
    },
  );
});
