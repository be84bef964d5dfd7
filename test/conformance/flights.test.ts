import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runEmbedded } from '../../actors/nodes/run-embedded.ts';
import type { EmbeddedRun } from '../../actors/nodes/run-embedded.ts';
import { Configuration } from '../../src/config/configuration.ts';

const INPUT = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')));
const JOB = new URL('../../examples/01-flight-delays.ts', import.meta.url);
const FLIGHTS = 3_000_000;

/** What one pass over the file, with nothing of Millrace in it, says must come out. */
interface Expected {
  readonly delays: readonly string[];
  readonly worst: readonly string[];
}

interface Totals {
  flights: number;
  minutes: bigint;
  late: number;
  worst: bigint;
}

interface Row {
  readonly origin: string;
  readonly day: string;
  readonly mean: number;
  readonly text: string;
  readonly flights: number;
}

async function singlePass(): Promise<Expected> {
  const rows: Row[] = [];
  for (const [key, totals] of await totalsByAirportAndDay()) {
    const [origin = '', day = ''] = key.split('|');
    const { flights, minutes, late, worst } = totals;
    const mean = Number((Number(minutes) / flights).toFixed(2));
    const share = Number((late / flights).toFixed(4));
    rows.push({ origin, day, mean, flights, text: `${flights},${mean},${share},${worst}` });
  }
  const worst = [...Map.groupBy(rows, ({ day }) => day)].flatMap(([day, ofDay]) =>
    ofDay
      .filter(({ flights }) => flights >= 20)
      .sort((a, b) => b.mean - a.mean || (a.origin < b.origin ? -1 : 1))
      .slice(0, 10)
      .map(({ origin, text }, index) => `${day},${index + 1},${origin},${text}`),
  );
  return {
    delays: rows.map(({ origin, day, text }) => `${origin},${day},${text}`).sort(),
    worst: worst.sort(),
  };
}

async function totalsByAirportAndDay(): Promise<Map<string, Totals>> {
  const file = await asyncBufferFromFile(INPUT);
  const totals = new Map<string, Totals>();
  const step = 250_000;
  for (let rowStart = 0; rowStart < FLIGHTS + step; rowStart += step) {
    const flights = (await parquetReadObjects({ file, compressors, rowStart, rowEnd: rowStart + step })) as {
      date: Date;
      delay: bigint;
      origin: string;
    }[];
    for (const { date, delay, origin } of flights) {
      const key = `${origin}|${date.toISOString().slice(0, 10)}`;
      const known = totals.get(key);
      const sum = known ?? { flights: 0, minutes: 0n, late: 0, worst: delay };
      if (known === undefined) totals.set(key, sum);
      sum.flights += 1;
      sum.minutes += delay;
      if (delay > 15n) sum.late += 1;
      if (delay > sum.worst) sum.worst = delay;
    }
  }
  return totals;
}

async function csvLines(folder: string, header: string): Promise<string[]> {
  const names = await readdir(folder);
  expect(names.every((name) => /^part-\d+-0\.csv$/.test(name))).toBe(true);
  const lines: string[] = [];
  for (const name of names) {
    const [first, ...rest] = (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n');
    expect(first).toBe(header);
    lines.push(...rest);
  }
  return lines.sort();
}

describe.each([
  { taskManagers: 1, slots: 2 },
  { taskManagers: 2, slots: 2 },
])('the flights job with $taskManagers task managers of $slots slots', ({ taskManagers, slots }) => {
  let output = '';
  let run: EmbeddedRun;
  let expected: Expected;

  beforeAll(async () => {
    output = await mkdtemp(join(tmpdir(), 'millrace-flights-'));
    const configuration = Configuration.of([
      ['pipeline.global-job-parameters.input', INPUT],
      ['pipeline.global-job-parameters.output', output],
    ]);
    expected = await singlePass();
    run = await runEmbedded(JOB, { taskManagers, slots, configuration });
  }, 120_000);

  afterAll(() => rm(output, { recursive: true, force: true }));

  it('when it has run, then it is FINISHED with every flight read and none late', () => {
    expect(run.job.failure).toBeUndefined();
    expect(run.job.status).toBe('FINISHED');
    const counters = run.job.vertices.map(({ subtasks }) => subtasks.map((subtask) => subtask.counters));
    const source = counters[0]?.reduce((sum, each) => sum + (each?.numRecordsOut ?? 0), 0);
    expect(source).toBe(FLIGHTS);
    expect(counters.flat().map((each) => each?.numLateRecordsDropped)).toEqual(counters.flat().map(() => 0));
  });

  it('when its files are read, then every airport and day is as in a single pass, row for row', async () => {
    const header = 'origin,day,flights,meanDelay,shareLate,worstDelay';
    const lines = await csvLines(join(output, 'flight-delays'), header);
    expect(lines.length).toBe(expected.delays.length);
    expect(lines.filter((line, index) => line !== expected.delays[index])).toEqual([]);
  });

  it('when its daily rankings are read, then they are as in a single pass, row for row', async () => {
    const header = 'day,rank,origin,flights,meanDelay,shareLate,worstDelay';
    expect(await csvLines(join(output, 'worst-airports'), header)).toEqual(expected.worst);
  });
});
