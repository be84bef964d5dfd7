// `npm test` and `npm run verify`: every check runs even when an earlier one failed; the last line counts them.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SOURCE_FLAGS } from '../bin/pinned-node.mjs';
import { ROOT } from '../setup/install.mjs';
import { installFullNatsServer } from '../setup/nats-server.mjs';
import { installPrometheus } from '../setup/prometheus.mjs';
import { installS3Server } from '../setup/s3-server.mjs';
import { countTests, failures, sum, type Count, type VitestReport } from './count.ts';

/** Longest a single step may take before it is ended and counted as failed. */
const STEP_LIMIT_MS = 15 * 60_000;

const OUTPUT = join(ROOT, 'node_modules', '.cache', 'millrace', 'tests');

/** The count of a step, and what of it failed. */
interface Outcome extends Count {
  readonly names?: readonly string[];
}

interface Step {
  readonly title: string;
  /** Part of `npm run verify`: quick, and without a server. */
  readonly quick: boolean;
  run(): Promise<Outcome>;
}

function heading(title: string): void {
  console.log(`\n== ${title}`);
}

/** Runs an installed tool under this Node; its exit code, or 1 when it had to be ended. */
function tool(name: string, args: readonly string[]): Promise<number> {
  const executable = join(ROOT, 'node_modules', '.bin', name);
  const child = spawn(process.execPath, [...SOURCE_FLAGS, executable, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  const limit = setTimeout(() => {
    console.error(`${name} did not end within ${STEP_LIMIT_MS / 60_000} minutes: ended`);
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 5_000).unref();
  }, STEP_LIMIT_MS);
  const stop = (signal: NodeJS.Signals) => child.kill(signal);
  process.once('SIGTERM', stop);
  return new Promise((resolve) => {
    const end = (code: number) => {
      clearTimeout(limit);
      process.off('SIGTERM', stop);
      resolve(code);
    };
    child.once('error', (error) => {
      console.error(`${name} does not start: ${error.message}`);
      end(1);
    });
    child.once('exit', (code) => end(code ?? 1));
  });
}

function check(title: string, name: string, args: readonly string[]): Step {
  const run = async (): Promise<Count> => {
    const passed = (await tool(name, args)) === 0;
    return { passed: passed ? 1 : 0, failed: passed ? 0 : 1 };
  };
  return { title, quick: true, run };
}

function readReport(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  } catch {
    return undefined; // vitest ended before it could write: its exit code says so
  }
}

async function runVitest(project: string): Promise<Outcome> {
  const report = join(OUTPUT, `${project}.json`);
  rmSync(report, { force: true });
  const code = await tool('vitest', [
    'run',
    `--project=${project}`,
    '--update=none',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  const read = readReport(report);
  const names = failures(read).map((failure) => failure.replace(`${ROOT}/`, ''));
  return { ...countTests(code, read), names };
}

function suite(project: string, quick: boolean, prepare: () => void = () => {}): Step {
  const run = async (): Promise<Outcome> => {
    try {
      prepare();
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      return { passed: 0, failed: 1 };
    }
    return runVitest(project);
  };
  return { title: `${project} tests`, quick, run };
}

/** Tests against an S3 server or Prometheus are left out where none can be had; they say so. */
function installServers(): void {
  installFullNatsServer();
  for (const installOptional of [installS3Server, installPrometheus]) {
    try {
      installOptional();
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
  }
}

const STEPS: readonly Step[] = [
  check('format', 'oxfmt', ['--check']),
  check('lint', 'oxlint', []),
  check('types', 'tsc', ['--noEmit']),
  suite('unit', true),
  suite('simulation', false),
  suite('integration', false, installServers),
  suite('conformance', false, installFullNatsServer),
];

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });

mkdirSync(OUTPUT, { recursive: true });
const counts: Count[] = [];
const failing: string[] = [];
for (const step of STEPS.filter(({ quick }) => quick || !values.quick)) {
  heading(step.title);
  const count = await step.run();
  counts.push(count);
  if (count.failed > 0) failing.push(`${step.title} (${count.failed})`, ...(count.names ?? []));
}
const total = sum(counts);
if (failing.length > 0) console.log(`\nFailing:\n  ${failing.join('\n  ')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
