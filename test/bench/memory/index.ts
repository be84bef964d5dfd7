import { runChild } from '../children.ts';
import { parse, positive, UsageError } from '../report/arguments.ts';
import { save } from '../report/results-file.ts';
import { progress, round } from '../report/table.ts';
import { HELP } from './help.ts';
import type { MemoryBench, MemoryRequest, MemoryRun } from './memory.child.ts';
import { growthOf } from './resident-set.ts';

const CHILD = new URL('memory.child.ts', import.meta.url);
const BENCHES: readonly MemoryBench[] = ['q5', 'slow-sink', 'batch'];
const DEFAULT_EVENTS: Readonly<Record<MemoryBench, number>> = {
  q5: 200_000_000,
  'slow-sink': 0,
  batch: 10_000_000,
};
/** MB that a run may grow by after warming up. Shown, not enforced. */
const CEILING_MB = 50;
/** Share of a run that warms up: code is compiled and state takes its size. The queues of `slow-sink` are full from the start. */
const WARM_UP: Readonly<Record<MemoryBench, number>> = {
  q5: 0.2,
  'slow-sink': 0,
  batch: 0.2,
};
/** Lines printed of one run's samples. */
const LINES = 20;

interface Options extends Omit<MemoryRequest, 'bench' | 'events'> {
  readonly events: number | undefined;
  readonly benches: readonly MemoryBench[];
  readonly json: boolean;
  readonly save: boolean;
}

/** Runs the suite. Returns the exit code. */
export async function memory(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  const { benches, events, seconds, parallelism, json } = options;
  const results: object[] = [];
  for (const bench of benches) {
    const request: MemoryRequest = { bench, events: events ?? DEFAULT_EVENTS[bench], seconds, parallelism };
    const show = (text: string): void => progress(`${bench}, ${text}`);
    const run = await runChild<MemoryRun>(CHILD, [JSON.stringify(request)], show);
    progress('');
    const result = resultOf(request, run);
    results.push(result);
    console.log(json ? JSON.stringify(result) : lines(result, run));
  }
  if (options.save) save('Memory, MB', results);
  return 0;
}

function readOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parse(args, {
    ...{ events: text, seconds: text, parallelism: text, json: flag, save: flag, help: flag },
  });
  if (values.help) return 'help';
  const unknown = positionals.find((name) => !BENCHES.some((bench) => bench === name));
  if (unknown !== undefined) throw new UsageError(`memory: there is no bench "${unknown}"`);
  return {
    benches: positionals.length === 0 ? BENCHES : BENCHES.filter((bench) => positionals.includes(bench)),
    events: values.events === undefined ? undefined : positive(values.events, '--events'),
    seconds: positive(values.seconds ?? '60', '--seconds'),
    parallelism: positive(values.parallelism ?? '2', '--parallelism'),
    json: values.json,
    save: values.save,
  };
}

type Result = ReturnType<typeof resultOf>;

function resultOf({ bench, events, parallelism }: MemoryRequest, run: MemoryRun) {
  const { samples, seconds, cpuSeconds, peakRssMb } = run;
  const last = samples.at(-1)?.rssMb ?? 0;
  return {
    bench,
    parallelism,
    ...(bench === 'slow-sink' ? {} : { events }),
    seconds: round(seconds, 1),
    coresBusy: round(cpuSeconds / seconds, 2),
    growthMb: round(growthOf(samples, WARM_UP[bench]), 1),
    ceilingMb: CEILING_MB,
    lastRssMb: Math.round(last),
    peakRssMb: Math.round(peakRssMb),
  };
}

function lines(result: Result, { samples }: MemoryRun): string {
  const every = Math.ceil(samples.length / LINES);
  const unit = result.bench === 'q5' ? 'events' : 's';
  const shown = samples.filter((_sample, i) => i % every === every - 1);
  const course = shown.map(
    ({ at, rssMb }) =>
      `${at.toLocaleString('en-US').padStart(15)} ${unit} ${rssMb.toFixed(0).padStart(6)} MB`,
  );
  const { bench, growthMb, ceilingMb, peakRssMb, seconds, coresBusy } = result;
  const verdict =
    `${bench}: grew by ${growthMb} MB after warming up (ceiling ${ceilingMb}), peak ${peakRssMb} MB, ` +
    `${seconds} s, ${coresBusy} cores busy`;
  return [...course, verdict].join('\n');
}
