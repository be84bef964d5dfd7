import { QUERIES } from '../../../examples/nexmark/index.ts';
import { runChild } from '../children.ts';
import { profilesOf, topBySelfTime } from '../profile/self-time.ts';
import { parse, positive, UsageError } from '../report/arguments.ts';
import { save } from '../report/results-file.ts';
import { count, progress, round, Table } from '../report/table.ts';
import type { EngineRequest, EngineRun } from './engine.child.ts';
import { floorOf, RATIO_FLOOR } from './floors.ts';
import { HELP } from './help.ts';
import { checkRows } from './rows.ts';
import type { YardstickRun } from './yardstick.child.ts';

const ENGINE = new URL('engine.child.ts', import.meta.url);
const YARDSTICK = new URL('yardstick.child.ts', import.meta.url);
const DEFAULT_EVENTS = '2000000';
/** Functions shown of a profile. */
const TOP = 15;

interface Options {
  readonly queries: readonly string[];
  readonly events: number;
  readonly parallelism: number;
  readonly state: string | undefined;
  readonly runs: number;
  readonly profile: string | undefined;
  readonly json: boolean;
  readonly save: boolean;
}

/** The figures of a query, as `--json` prints them. */
interface Result {
  readonly query: string;
  readonly parallelism: number;
  readonly events: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMb: number;
  readonly yardstickEventsPerSecond: number;
  readonly ratio: number;
  /** The ratio of CPU time: says more where the machine does something else meanwhile. */
  readonly cpuRatio: number;
  readonly floor?: number;
}

interface Pair {
  readonly engine: EngineRun;
  readonly yardstick: YardstickRun;
  readonly ratio: number;
}

/** Runs the suite. Returns the exit code. */
export async function nexmark(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  if (!options.json) console.log(TABLE.header());
  const results: Result[] = [];
  for (const query of options.queries) {
    try {
      const result = await measure(query, options);
      results.push(result);
      progress('');
      console.log(options.json ? JSON.stringify(result) : line(result));
      if (options.profile !== undefined) await profile(query, options, options.profile);
    } catch (error) {
      progress('');
      console.error(`${query}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const title = `Nexmark, parallelism ${options.parallelism}, state ${options.state ?? 'hashmap'}`;
  if (options.save) save(title, results);
  return results.length === options.queries.length ? 0 : 1;
}

function readOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parse(args, {
    ...{ queries: text, events: text, parallelism: text, state: text, runs: text, profile: text },
    ...{ json: flag, save: flag, help: flag },
  });
  if (values.help) return 'help';
  if (positionals.length > 0) throw new UsageError(`nexmark takes options only, not "${positionals[0]}"`);
  const queries = values.queries?.split(',') ?? Object.keys(QUERIES);
  const unknown = queries.find((query) => !Object.hasOwn(QUERIES, query));
  if (unknown !== undefined) throw new UsageError(`there is no query "${unknown}"`);
  return {
    queries,
    events: positive(values.events ?? DEFAULT_EVENTS, '--events'),
    parallelism: positive(values.parallelism ?? '1', '--parallelism'),
    state: values.state,
    runs: positive(values.runs ?? '1', '--runs'),
    profile: values.profile,
    json: values.json,
    save: values.save,
  };
}

/** Engine and yardstick by turns; the pair of median ratio counts. */
async function measure(query: string, options: Options): Promise<Result> {
  const { events, parallelism, runs } = options;
  const pairs: Pair[] = [];
  for (let run = 1; run <= runs; run += 1) {
    progress(`${query} ${run}/${runs}: yardstick`);
    const yardstick = await runChild<YardstickRun>(YARDSTICK, [query, String(events)]);
    progress(`${query} ${run}/${runs}: engine`);
    const engine = await runEngine(query, options);
    checkRows(query, parallelism, engine.rows, yardstick.rows);
    pairs.push({ engine, yardstick, ratio: yardstick.seconds / engine.seconds });
  }
  const sorted = pairs.toSorted((a, b) => a.ratio - b.ratio);
  const { engine, yardstick, ratio } = sorted[Math.floor((sorted.length - 1) / 2)] as Pair;
  const floor = parallelism === 1 ? floorOf(query) : undefined;
  return {
    query,
    parallelism,
    events,
    seconds: round(engine.seconds, 3),
    eventsPerSecond: Math.round(events / engine.seconds),
    cpuSecondsPerMillion: round((engine.cpuSeconds * 1e6) / events, 3),
    peakRssMb: Math.round(engine.peakRssMb),
    yardstickEventsPerSecond: Math.round(events / yardstick.seconds),
    ratio: round(ratio, 3),
    cpuRatio: round(yardstick.cpuSeconds / engine.cpuSeconds, 3),
    ...(floor === undefined ? {} : { floor }),
  };
}

function runEngine(query: string, options: Options, folder?: string): Promise<EngineRun> {
  const { events, parallelism, state } = options;
  const request: EngineRequest = { query, events, parallelism, state, profile: folder };
  return runChild<EngineRun>(ENGINE, [JSON.stringify(request)]);
}

async function profile(query: string, options: Options, folder: string): Promise<void> {
  progress(`${query}: profile`);
  await runEngine(query, options, folder);
  progress('');
  for (const { where, share } of topBySelfTime(profilesOf(folder, query), TOP))
    console.error(`    ${(100 * share).toFixed(1).padStart(5)} %  ${where}`);
}

const TABLE = new Table([
  { title: 'query', width: -5 },
  { title: 'p', width: 2 },
  { title: 'events', width: 11 },
  { title: 'seconds', width: 8 },
  { title: 'events/s', width: 10 },
  { title: 'floor/s', width: 10 },
  { title: 'CPU s/M', width: 8 },
  { title: 'peak MB', width: 8 },
  { title: 'yardstick/s', width: 11 },
  { title: 'ratio', width: 6 },
  { title: 'by CPU', width: 6 },
  { title: `(${RATIO_FLOOR})`, width: -5 },
]);

function line(result: Result): string {
  const { floor, parallelism, ratio, eventsPerSecond } = result;
  const slow = floor !== undefined && eventsPerSecond < floor;
  const below = parallelism === 1 && (slow || ratio < RATIO_FLOOR);
  return TABLE.row([
    result.query,
    String(parallelism),
    count(result.events),
    result.seconds.toFixed(2),
    count(eventsPerSecond),
    floor === undefined ? '' : count(floor),
    result.cpuSecondsPerMillion.toFixed(2),
    count(result.peakRssMb),
    count(result.yardstickEventsPerSecond),
    ratio.toFixed(2),
    result.cpuRatio.toFixed(2),
    below ? 'below' : '',
  ]);
}
