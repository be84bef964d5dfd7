import type { Bench, Measurement } from './bench.ts';
import { BENCHES } from './benches/index.ts';
import { runChild } from './children.ts';
import { HELP } from './help.ts';
import { parse, positive, UsageError } from './report/arguments.ts';
import { save } from './report/results-file.ts';
import { count, progress, round, Table, words } from './report/table.ts';

interface Result {
  readonly bench: string;
  readonly runs: number;
  readonly records: number;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMb: number;
  readonly floor?: number;
  /** Speed compared with the bench named in `comparedWith`: the median over pairs of runs. */
  readonly ratio?: number;
  /** The same of the CPU time per record: says more where the machine does something else meanwhile. */
  readonly cpuRatio?: number;
  readonly comparedWith?: string;
  readonly ratioFloor?: number;
  readonly details?: Readonly<Record<string, number>>;
}

interface Options {
  readonly benches: readonly Bench[];
  readonly runs: number;
  readonly records: number | undefined;
  readonly json: boolean;
  readonly save: boolean;
}

const CHILD = new URL('child.ts', import.meta.url);

/** Runs the benches named, or all. Returns the exit code. */
export async function benches(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  return runAll(options);
}

function readOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parse(args, {
    runs: text,
    records: text,
    json: flag,
    save: flag,
    help: flag,
  });
  if (values.help) return 'help';
  return {
    benches: positionals.length === 0 ? BENCHES : chosen(positionals),
    runs: positive(values.runs ?? '3', '--runs'),
    records: values.records === undefined ? undefined : positive(values.records, '--records'),
    json: values.json,
    save: values.save,
  };
}

/** The benches of these names and groups, and those they are compared with, in the order of the index. */
function chosen(names: readonly string[]): readonly Bench[] {
  const wanted = new Set<string>();
  for (const name of names) {
    const found = BENCHES.filter((bench) => bench.name === name || bench.name.startsWith(`${name}-`));
    if (found.length === 0) throw new UsageError(`there is no bench "${name}"`);
    for (const bench of found) {
      wanted.add(bench.name);
      if (bench.comparedWith !== undefined) wanted.add(bench.comparedWith.bench);
    }
  }
  return BENCHES.filter(({ name }) => wanted.has(name));
}

/** In rounds, so that benches that are compared run side by side and share what the machine does meanwhile. */
async function runAll(options: Options): Promise<number> {
  const measured = new Map<string, Measurement[]>(options.benches.map(({ name }) => [name, []]));
  const failed = new Set<string>();
  const results: Result[] = [];
  if (!options.json) console.log(TABLE.header());
  for (let run = 1; run <= options.runs; run += 1) {
    for (const bench of options.benches.filter(({ name }) => !failed.has(name))) {
      progress(`${bench.name} ${run}/${options.runs}`);
      const records = options.records ?? bench.records ?? 0;
      try {
        measured.get(bench.name)?.push(await runChild(CHILD, [bench.name, String(records)]));
      } catch (error) {
        failed.add(bench.name);
        progress('');
        console.error(`${bench.name}: ${error instanceof Error ? error.message : String(error)}`);
        continue;
      }
      if (run < options.runs) continue;
      const result = resultOf(bench, measured);
      results.push(result);
      progress('');
      console.log(options.json ? JSON.stringify(result) : lines(result));
    }
  }
  if (options.save) save(options.benches === BENCHES ? 'Benches' : `Benches: ${names(options)}`, results);
  return failed.size === 0 ? 0 : 1;
}

function names({ benches: run }: Options): string {
  return run.map(({ name }) => name).join(', ');
}

const speed = ({ records, seconds }: Measurement): number => records / seconds;

/** The run of median speed; its other figures belong to that same run. */
function resultOf(bench: Bench, measured: ReadonlyMap<string, readonly Measurement[]>): Result {
  const own = measured.get(bench.name) ?? [];
  const median = middle(own.toSorted((a, b) => speed(a) - speed(b))) as Measurement;
  const { records, seconds, cpuSeconds, peakRssMb, details } = median;
  return {
    bench: bench.name,
    runs: own.length,
    records,
    seconds: round(seconds, 3),
    recordsPerSecond: Math.round(records / seconds),
    cpuSecondsPerMillion: round((cpuSeconds * 1e6) / records, 3),
    peakRssMb: Math.round(peakRssMb),
    ...(bench.floor === undefined ? {} : { floor: bench.floor }),
    ...comparison(bench, own, measured),
    ...(details === undefined
      ? {}
      : {
          details: Object.fromEntries(
            Object.entries(details).map(([name, value]) => [name, round(value, 3)]),
          ),
        }),
  };
}

function comparison(
  { comparedWith }: Bench,
  own: readonly Measurement[],
  measured: ReadonlyMap<string, readonly Measurement[]>,
): Partial<Result> {
  const others = measured.get(comparedWith?.bench ?? '') ?? [];
  const ratio = medianRatio(own, others, speed);
  const cpuRatio = medianRatio(own, others, ({ records, cpuSeconds }) => records / cpuSeconds);
  if (comparedWith === undefined || ratio === undefined || cpuRatio === undefined) return {};
  return { ratio, cpuRatio, comparedWith: comparedWith.bench, ratioFloor: comparedWith.floor };
}

/** Runs with the same number ran side by side. */
function medianRatio(
  own: readonly Measurement[],
  others: readonly Measurement[],
  figure: (measured: Measurement) => number,
): number | undefined {
  const ratios = own.flatMap((run, i) => {
    const other = others[i];
    return other === undefined ? [] : [figure(run) / figure(other)];
  });
  const ratio = middle(ratios.toSorted((a, b) => a - b));
  return ratio === undefined ? undefined : round(ratio, 3);
}

function middle<T>(sorted: readonly T[]): T | undefined {
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

const TABLE = new Table([
  { title: 'bench', width: -18 },
  { title: 'records', width: 11 },
  { title: 'seconds', width: 8 },
  { title: 'records/s', width: 12 },
  { title: 'CPU s/M', width: 8 },
  { title: 'peak MB', width: 8 },
  { title: 'floor/s', width: 10 },
]);

function lines(result: Result): string {
  const { floor, ratio, cpuRatio, comparedWith, ratioFloor, details } = result;
  const first = TABLE.row([
    result.bench,
    count(result.records),
    result.seconds.toFixed(2),
    count(result.recordsPerSecond),
    result.cpuSecondsPerMillion.toFixed(2),
    count(result.peakRssMb),
    floor === undefined ? '' : count(floor),
  ]);
  const compared =
    ratio === undefined ? [] : [`    ${ratio} of ${comparedWith}, by CPU ${cpuRatio} (floor ${ratioFloor})`];
  const more = Object.entries(details ?? {}).map(([name, value]) => `    ${words(name)}: ${value}`);
  return [first, ...compared, ...more].join('\n');
}
