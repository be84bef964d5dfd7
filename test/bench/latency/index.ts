import { runChild } from '../children.ts';
import { profilesOf, topBySelfTime } from '../profile/self-time.ts';
import { parse, positive, UsageError } from '../report/arguments.ts';
import { save } from '../report/results-file.ts';
import { progress, round, Table } from '../report/table.ts';
import { HELP } from './help.ts';
import type { Percentiles } from './histogram.ts';
import type { LatencyRequest, LatencyRun } from './latency.child.ts';

const ENGINE = new URL('latency.child.ts', import.meta.url);
const YARDSTICK = new URL('yardstick.child.ts', import.meta.url);
const QUERIES = ['keyed-count'];
/** Functions shown of a profile. */
const TOP = 15;

/** What one process on a machine of two cores has to keep at 100,000 records a second, ms. Shown, not enforced. */
const CEILINGS = { p50: 0.5, p99: 1, p9999: 16 } as const;

interface Pair {
  readonly engine: LatencyRun;
  readonly yardstick: Percentiles;
}

interface Options extends LatencyRequest {
  readonly runs: number;
  readonly json: boolean;
  readonly save: boolean;
}

/** Runs the suite. Returns the exit code. */
export async function latency(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  const { query, rate, seconds, parallelism, profile } = options;
  const request = [JSON.stringify({ query, rate, seconds, parallelism, profile } satisfies LatencyRequest)];
  const runs: Pair[] = [];
  for (let run = 1; run <= options.runs; run += 1) {
    progress(`${query} ${run}/${options.runs}: yardstick`);
    const yardstick = await runChild<Percentiles>(YARDSTICK, request);
    progress(`${query} ${run}/${options.runs}: engine`);
    runs.push({ yardstick, engine: await runChild<LatencyRun>(ENGINE, request) });
  }
  progress('');
  const result = resultOf(options, runs);
  console.log(options.json ? JSON.stringify(result) : lines(result));
  if (profile !== undefined) {
    for (const { where, share } of topBySelfTime(profilesOf(profile, query), TOP))
      console.error(`    ${(100 * share).toFixed(1).padStart(5)} %  ${where}`);
  }
  if (options.save) save(`Latency of ${query}, parallelism ${parallelism}, ms`, [result]);
  return 0;
}

function readOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parse(args, {
    ...{ query: text, rate: text, seconds: text, parallelism: text, runs: text, profile: text },
    ...{ json: flag, save: flag, help: flag },
  });
  if (values.help) return 'help';
  const query = values.query ?? 'keyed-count';
  if (!QUERIES.includes(query)) throw new UsageError(`latency: there is no query "${query}"`);
  return {
    query,
    rate: positive(values.rate ?? '100000', '--rate'),
    seconds: positive(values.seconds ?? '20', '--seconds'),
    parallelism: positive(values.parallelism ?? '1', '--parallelism'),
    runs: positive(values.runs ?? '1', '--runs'),
    profile: values.profile,
    json: values.json,
    save: values.save,
  };
}

type Result = ReturnType<typeof resultOf>;

function resultOf({ query, rate, parallelism }: Options, runs: readonly Pair[]) {
  const sorted = runs.toSorted((a, b) => a.engine.p99 - b.engine.p99);
  const { engine, yardstick } = sorted[Math.floor((sorted.length - 1) / 2)] as Pair;
  const { cpuSeconds, seconds, peakRssMb, ...figures } = engine;
  return {
    ...{ query, rate, parallelism, runs: runs.length, ...figures },
    coresBusy: round(cpuSeconds / seconds, 2),
    peakRssMb: Math.round(peakRssMb),
    yardstick,
  };
}

const TABLE = new Table([
  { title: 'ms', width: -9 },
  ...['p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'].map((title) => ({ title, width: 9 })),
]);

function lines(result: Result): string {
  const ms = (value: number | undefined): string => value?.toFixed(3) ?? '';
  const row = (title: string, { p50, p90, p99, p999, p9999, max }: Partial<Percentiles>): string =>
    TABLE.row([title, ...[p50, p90, p99, p999, p9999, max].map(ms)]);
  return [
    `${result.query}, ${result.rate.toLocaleString('en-US')} records/s, parallelism ${result.parallelism}, ` +
      `${result.records.toLocaleString('en-US')} records, ${result.coresBusy} cores busy, peak ${result.peakRssMb} MB`,
    TABLE.header(),
    row('engine', result),
    row('ceiling', CEILINGS),
    row('yardstick', result.yardstick),
  ].join('\n');
}
