import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Configuration } from '../../src/config/configuration.ts';
import { runEmbedded } from '../../actors/nodes/run-embedded.ts';
import { ClusterUnderTest } from './cluster-under-test.ts';

const JOB = new URL('../../examples/01-flight-delays.ts', import.meta.url);
const INPUT = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')));
const FLIGHTS = 3_000_000;

let cluster: ClusterUnderTest;
let embedded: readonly string[];

beforeAll(async () => {
  cluster = await ClusterUnderTest.start({ taskManagers: 3, slots: 1 });
  const output = join(cluster.folder, 'embedded');
  const { job } = await runEmbedded(JOB, {
    slots: 2,
    configuration: Configuration.of(Object.entries(parameters(output))),
  });
  if (job.status !== 'FINISHED')
    throw new Error(`the embedded job is ${job.status}: ${job.failure?.message}`);
  embedded = await rowsIn(output);
}, 120_000);

afterAll(async () => {
  await cluster?.stop();
});

function parameters(output: string): Record<string, string> {
  return {
    'parallelism.default': '2',
    'restart-strategy.type': 'exponential-delay',
    'restart-strategy.exponential-delay.initial-backoff': '100 ms',
    'pipeline.global-job-parameters.input': INPUT,
    'pipeline.global-job-parameters.output': output,
  };
}

/** All rows of both results, in an order of their own. */
async function rowsIn(output: string): Promise<string[]> {
  const rows: string[] = [];
  for (const folder of ['flight-delays', 'worst-airports']) {
    const parts = (await readdir(join(output, folder))).filter((name) => name.startsWith('part-'));
    for (const part of parts) {
      const lines = (await readFile(join(output, folder, part), 'utf8')).trimEnd().split('\n');
      rows.push(...lines.slice(1).map((line) => `${folder}: ${line}`));
    }
  }
  return rows.toSorted();
}

describe('three million flights over NATS, across processes', () => {
  it('when nothing fails, then the result is the embedded one, row for row', async () => {
    const output = join(cluster.folder, 'undisturbed');
    const job = await cluster.untilEnded(await cluster.submit(fileURLToPath(JOB), parameters(output)));
    expect(job).toMatchObject({ status: 'FINISHED', restarts: 0 });
    expect(await rowsIn(output)).toEqual(embedded);
  }, 120_000);

  it('when a TaskManager is killed in the middle, then the job restarts and the result is still the same', async () => {
    const output = join(cluster.folder, 'killed');
    const jobId = await cluster.submit(fileURLToPath(JOB), parameters(output));
    const job = await cluster.untilJob(jobId, 'in the middle', ({ vertices }) => {
      const read = (vertices[0]?.subtasks ?? []).reduce(
        (n, { counters }) => n + (counters?.numRecordsIn ?? 0),
        0,
      );
      return read > 0 && read < FLIGHTS;
    });
    const used = job.vertices[0]?.subtasks[0]?.taskManagerId;
    await cluster.taskManagers.get(used ?? '')?.end('SIGKILL');
    expect(await cluster.untilEnded(jobId)).toMatchObject({ status: 'FINISHED', restarts: 1 });
    expect(await rowsIn(output)).toEqual(embedded);
  }, 120_000);
});
