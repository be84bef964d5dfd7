import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { DataGeneratorSource, ExternalError, WatermarkStrategy, defineJob } from '../../src/index.ts';
import type { CommitRequest, JobDefinition, Sink } from '../../src/index.ts';

const COUNT = 3_000;

/** A table that keeps rows and the last checkpoint of each stem as one. */
class Table {
  readonly rows: number[] = [];
  readonly commits: string[] = [];
  readonly #markers = new Map<string, number>();
  /** Commits to come that succeed, and seem not to. */
  lostAnswers = 0;
  /** Commits to come that do nothing. */
  outages = 0;

  sink(): Sink<number, readonly number[]> {
    return {
      createWriter: () => {
        let rows: number[] = [];
        return {
          write: (value) => void rows.push(value),
          flush: () => {},
          prepareCommit: () => {
            const prepared = rows;
            rows = [];
            return prepared.length === 0 ? [] : [prepared];
          },
          close: () => {},
        };
      },
      createCommitter: () => ({ commit: (requests) => this.#commit(requests) }),
    };
  }

  #commit(requests: readonly CommitRequest<readonly number[]>[]): void {
    if (this.outages > 0) {
      this.outages -= 1;
      throw new ExternalError('the table is away');
    }
    for (const { stem, checkpointId, committable, id } of requests) {
      if (checkpointId <= (this.#markers.get(stem) ?? 0)) continue;
      this.#markers.set(stem, checkpointId);
      this.rows.push(...committable);
      this.commits.push(id);
    }
    if (this.lostAnswers === 0) return;
    this.lostAnswers -= 1;
    throw new ExternalError('the answer was lost');
  }
}

function jobInto(table: Table, onRecord: (value: number) => void = () => {}): JobDefinition {
  return defineJob('exactly once', (env) => {
    const source = new DataGeneratorSource({
      generate: (n) => n,
      count: COUNT,
      recordsPerSecond: 1_000,
      splits: 3,
    });
    env
      .fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers')
      .map((value) => {
        onRecord(value);
        return value;
      })
      .keyBy((value) => value % 7)
      .map((value) => value)
      .sinkTo(table.sink());
  });
}

function clusterOf(job: JobDefinition, seed: number): SimulatedCluster {
  const configuration = Configuration.of(
    Object.entries({
      'parallelism.default': '2',
      'taskmanager.numberOfTaskSlots': '2',
      'execution.checkpointing.interval': '200 ms',
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': '20',
      'restart-strategy.fixed-delay.delay': '100 ms',
    }),
  );
  return new SimulatedCluster({ seed, job, configuration });
}

async function finish(
  cluster: SimulatedCluster,
  meanwhile: (cluster: SimulatedCluster) => Promise<void>,
): Promise<string> {
  await cluster.startJobManager();
  cluster.startTaskManager();
  cluster.startTaskManager();
  const { ended } = cluster.submit();
  let status: string | undefined;
  ended.then(
    (details) => (status = details.status === 'FINISHED' ? 'FINISHED' : JSON.stringify(details.failure)),
    (error: unknown) => (status = String(error)),
  );
  await meanwhile(cluster);
  await cluster.clock.runUntil(() => status !== undefined || cluster.fatalErrors.length > 0, 3_000_000);
  expect(cluster.fatalErrors).toEqual([]);
  return status ?? 'came to no end';
}

const all = Array.from({ length: COUNT }, (_, index) => index);
const inOrder = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

describe('a job with a sink that commits', () => {
  it('when it runs to its end, then rows come with its checkpoints, and the last ones before it is FINISHED', async () => {
    const table = new Table();
    const status = await finish(clusterOf(jobInto(table), 1), () => Promise.resolve());
    expect(status).toBe('FINISHED');
    expect(inOrder(table.rows)).toEqual(all);
    expect(new Set(table.commits.map((id) => id.split('/')[3])).size).toBeGreaterThan(5);
  });

  it.each([1, 2, 3])(
    'when a function throws, answers of commits are lost and a TaskManager is killed (seed %i), then every row is there once',
    async (seed) => {
      const table = new Table();
      let throws = 2;
      const job = jobInto(table, (value) => {
        if (throws === 0 || value !== (throws === 2 ? 900 : 1_700)) return;
        throws -= 1;
        throw new Error('thrown on purpose');
      });
      const status = await finish(clusterOf(job, seed), async (cluster) => {
        await cluster.clock.runFor(1_500 + seed * 37);
        table.lostAnswers = 3;
        await cluster.clock.runFor(600);
        const [victim] = cluster.taskManagers();
        cluster.crash(victim as string);
        cluster.startTaskManager();
      });
      expect(status).toBe('FINISHED');
      expect(throws).toBe(0);
      expect(inOrder(table.rows)).toEqual(all);
    },
  );

  it('when the table is away at the end, then the job is not FINISHED before everything is committed', async () => {
    const table = new Table();
    const job = jobInto(table, (value) => {
      if (value === COUNT - 1) table.outages = 12;
    });
    const status = await finish(clusterOf(job, 4), () => Promise.resolve());
    expect(status).toBe('FINISHED');
    expect(table.outages).toBe(0);
    expect(inOrder(table.rows)).toEqual(all);
  });

  it('when the job takes no checkpoints, then everything is committed at the end of the input', async () => {
    const table = new Table();
    const none = Configuration.of([['parallelism.default', '2']]);
    const cluster = new SimulatedCluster({ seed: 5, job: jobInto(table), configuration: none });
    expect(await finish(cluster, () => Promise.resolve())).toBe('FINISHED');
    expect(inOrder(table.rows)).toEqual(all);
    expect(table.commits.map((id) => id.split('/')[3])).toEqual(
      Array(2).fill(String(Number.MAX_SAFE_INTEGER)),
    );
  });
});
