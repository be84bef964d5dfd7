import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Bench, Measurement } from './bench.ts';
import { BENCHES } from './benches/index.ts';

const HELP = `Measures Millrace; each run in a fresh process, the median of the runs is shown.

  npm run bench [-- <name>...] [--runs N] [--records N] [--json]

  --runs N      runs of each bench (default 3)
  --records N   records of each run (default: its own)
  --json        one JSON object per bench and line

Benches:
${BENCHES.map(({ name, title }) => `  ${name.padEnd(15)} ${title}`).join('\n')}
`;

/** How much of what a run printed is kept. */
const OUTPUT_CHARS = 20_000;

interface Result {
  readonly bench: string;
  readonly runs: number;
  readonly records: number;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMb: number;
  readonly floor?: number;
  readonly details?: Readonly<Record<string, number>>;
}

function main(args: readonly string[]): Promise<number> | number {
  const options = readOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  return runAll(options);
}

interface Options {
  readonly benches: readonly Bench[];
  readonly runs: number;
  readonly records: number | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** The options, or what is wrong with them. */
function readOptions(args: readonly string[]): Options | string {
  const texts = { type: 'string' } as const;
  const flags = { type: 'boolean', default: false } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { runs: texts, records: texts, json: flags, help: flags },
    });
    const names = positionals.length === 0 ? BENCHES.map(({ name }) => name) : positionals;
    const benches = names.map((name) => {
      const bench = BENCHES.find((candidate) => candidate.name === name);
      if (bench === undefined) throw new Error(`there is no bench "${name}"`);
      return bench;
    });
    const records = values.records === undefined ? undefined : positive(values.records, '--records');
    return {
      benches,
      runs: positive(values.runs ?? '3', '--runs'),
      records,
      json: values.json,
      help: values.help,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${option}: "${text}" is not a whole number above 0`);
}

async function runAll({ benches, runs, records, json }: Options): Promise<number> {
  if (!json) console.log(row(COLUMNS.map(({ title }) => title)));
  let failed = 0;
  for (const bench of benches) {
    try {
      const measured: Measurement[] = [];
      for (let run = 0; run < runs; run += 1)
        measured.push(await runOnce(bench, records ?? bench.records ?? 0));
      const result = resultOf(bench, measured);
      console.log(json ? JSON.stringify(result) : lines(result));
    } catch (error) {
      failed += 1;
      console.error(`${bench.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failed === 0 ? 0 : 1;
}

/** The child inherits this process's flags; what it and its nodes print is shown when it fails. */
function runOnce(bench: Bench, records: number): Promise<Measurement> {
  const child = fork(new URL('child.ts', import.meta.url), [bench.name, String(records)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARS);
    });
  }
  return new Promise((resolve, reject) => {
    let measurement: Measurement | undefined;
    child.once('message', (message) => {
      measurement = message as Measurement;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (measurement !== undefined) resolve(measurement);
      else
        reject(
          new Error(`its process ended with ${signal ?? code} before it had measured anything\n${output}`),
        );
    });
  });
}

/** The run of median speed; its other figures belong to that same run. */
function resultOf(bench: Bench, measured: readonly Measurement[]): Result {
  const sorted = measured.toSorted((a, b) => a.records / a.seconds - b.records / b.seconds);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] as Measurement;
  const { records, seconds, cpuSeconds, peakRssMb, details } = median;
  return {
    bench: bench.name,
    runs: measured.length,
    records,
    seconds: round(seconds, 3),
    recordsPerSecond: Math.round(records / seconds),
    cpuSecondsPerMillion: round((cpuSeconds * 1e6) / records, 3),
    peakRssMb: Math.round(peakRssMb),
    ...(bench.floor === undefined ? {} : { floor: bench.floor }),
    ...(details === undefined
      ? {}
      : {
          details: Object.fromEntries(
            Object.entries(details).map(([name, value]) => [name, round(value, 3)]),
          ),
        }),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

const COLUMNS = [
  { title: 'bench', width: -15 },
  { title: 'records', width: 11 },
  { title: 'seconds', width: 8 },
  { title: 'records/s', width: 12 },
  { title: 'CPU s/M', width: 8 },
  { title: 'peak MB', width: 8 },
  { title: 'floor/s', width: 10 },
];

function row(cells: readonly string[]): string {
  return COLUMNS.map(({ width }, i) => {
    const cell = cells[i] ?? '';
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  }).join('  ');
}

function lines({ floor, details, ...result }: Result): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const first = row([
    result.bench,
    count(result.records),
    result.seconds.toFixed(2),
    count(result.recordsPerSecond),
    result.cpuSecondsPerMillion.toFixed(2),
    count(result.peakRssMb),
    floor === undefined ? '' : count(floor),
  ]);
  const more = Object.entries(details ?? {}).map(([name, value]) => `    ${words(name)}: ${value}`);
  return [first, ...more].join('\n');
}

/** `bytesPerRecord` as words. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

process.exitCode = await main(process.argv.slice(2));
