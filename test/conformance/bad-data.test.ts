import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runEmbedded } from '../../actors/nodes/run-embedded.ts';
import type { EmbeddedRun } from '../../actors/nodes/run-embedded.ts';
import { rootCause } from '../../src/base/errors.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { PARQUET_FIXTURE } from '../../src/formats/test-support/parquet-fixture.ts';

const JOB = new URL('./jobs/read-files.ts', import.meta.url);

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-bad-data-'));
  await Promise.all([
    writeFile(join(folder, 'cut.parquet'), PARQUET_FIXTURE.subarray(0, 1000)),
    writeFile(join(folder, 'rows.csv'), 'a,b\n1,2\n3\n5,6\n'),
    writeFile(join(folder, 'lines.jsonl'), `${'{"n":1}\n'.repeat(40)}{"n":\n{"__proto__":{"x":1},"n":2}\n`),
  ]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function start(format: string, input: string, policy: string): Promise<EmbeddedRun> {
  const configuration = Configuration.of([
    ['restart-strategy.type', 'none'],
    ...Object.entries({ format, input: join(folder, input), policy }).map(
      ([name, value]) => [`pipeline.global-job-parameters.${name}`, value] as const,
    ),
  ]);
  return runEmbedded(JOB, { slots: 2, configuration });
}

const CASES = [
  { format: 'parquet', input: 'cut.parquet', place: 'cut.parquet', good: 0 },
  { format: 'csv', input: 'rows.csv', place: 'rows.csv, line 3', good: 2 },
  { format: 'json', input: 'lines.jsonl', place: 'lines.jsonl, line 41', good: 41 },
];

describe.each(CASES)('a job that reads damaged $format', ({ format, input, place, good }) => {
  it('when bad records fail, then the job is FAILED and its root cause names the place', async () => {
    const { job } = await start(format, input, 'fail');
    expect(job.status).toBe('FAILED');
    const causes = JSON.stringify(job.failure);
    expect(causes).toContain(join(folder, place));
    expect(job.failure === undefined ? undefined : rootCause(job.failure).message).toBeTruthy();
  });

  it('when they go to the side output, then the job finishes with the others and says where they stood', async () => {
    const run = await start(format, input, 'dead-letter');
    expect(run.job.failure).toBeUndefined();
    expect(run.job.status).toBe('FINISHED');
    expect(run.collect('good')).toHaveLength(good);
    expect(run.collect('bad')).toMatchObject([{ where: join(folder, place) }]);
  });

  it('when they are skipped, then they are counted', async () => {
    const run = await start(format, input, 'skip');
    expect(run.job.status).toBe('FINISHED');
    expect(run.collect('good')).toHaveLength(good);
    expect(run.collect('bad')).toEqual([]);
    const errors = run.job.vertices.flatMap(({ subtasks }) =>
      subtasks.map(({ counters }) => counters?.numRecordsInErrors ?? 0),
    );
    expect(errors.reduce((sum, count) => sum + count, 0)).toBe(1);
  });
});

describe('a job whose input is not there', () => {
  it('when the path does not exist, then the job is FAILED and names it', async () => {
    const { job } = await start('csv', 'none.csv', 'fail');
    expect(job.status).toBe('FAILED');
    expect(JSON.stringify(job.failure)).toContain(
      `cannot read ${join(folder, 'none.csv')}: it does not exist`,
    );
  });
});
