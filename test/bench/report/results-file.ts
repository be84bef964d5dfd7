import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

/** A flat object of figures, as `--json` prints it. */
type Figures = Readonly<Record<string, unknown>>;

/** One saved run of a suite. */
interface SavedRun {
  /** What was run: a later run of the same title takes its place. */
  readonly title: string;
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly machine: string;
  /** Processes that wanted a core in the last minute: above the bench's own threads, figures are provisional. */
  readonly load: number;
  readonly figures: readonly Figures[];
}

interface ResultsFile {
  readonly version: string;
  readonly runs: readonly SavedRun[];
}

const ROOT = new URL('../../../', import.meta.url);
const RESULTS = new URL('../results/', import.meta.url);

/** Writes figures into `results/<version>.json`, and the same as tables beside it. Returns the version. */
export function save(title: string, figures: readonly object[]): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string };
  const file = new URL(`${version}.json`, RESULTS);
  const before: ResultsFile = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as ResultsFile)
    : { version, runs: [] };
  const run: SavedRun = {
    title,
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    node: process.version,
    machine: machine(),
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
    figures: figures as readonly Figures[],
  };
  const runs = [...before.runs.filter((other) => other.title !== title), run];
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ version, runs }, null, 2)}\n`);
  writeFileSync(new URL(`${version}.md`, RESULTS), markdown({ version, runs }));
  return version;
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: fileURLToPath(ROOT), encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes';
    return `${git('rev-parse', '--short', 'HEAD')}${changed}`;
  } catch {
    // An unpacked archive has no history.
    return 'unknown';
  }
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores ${arch()} (${model}), ${gib} GiB, ${platform()}`;
}

function markdown({ version, runs }: ResultsFile): string {
  const parts = runs.map(({ title, date, commit: at, node, machine: on, load, figures }) =>
    [`## ${title}`, `${date}, commit ${at}, Node ${node}, ${on}; load ${load}.`, table(figures)].join('\n\n'),
  );
  return `${[`# Results of ${version}`, 'Written by `npm run bench -- ... --save`. Where the load is above the threads of the bench, figures are provisional.', ...parts].join('\n\n')}\n`;
}

function table(figures: readonly Figures[]): string {
  const names = [...new Set(figures.flatMap((row) => Object.keys(row)))];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rows = figures.map((row) => line(names.map((name) => cell(row[name]))));
  return [line(names), line(names.map(() => '---')), ...rows].join('\n');
}

function cell(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
  return typeof value === 'string' ? value : JSON.stringify(value);
}
