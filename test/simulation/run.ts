import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { SimulationTrace } from '../../src/testing/simulation-trace.ts';
import { SCENARIOS } from './scenarios.ts';
import { simulate } from './simulate.ts';
import type { Scenario, SimulationResult } from './simulate.ts';

const HELP = `Runs whole clusters on a simulated clock and network, one per seed; each must end with exact results.

  npm run sim -- [--seeds N] [--base B]   N seeds from B (default 200 from 0)
  npm run sim -- --seed X [--trace]       one seed, with every event on the standard output

  --scenario S   ${SCENARIOS.map(({ name }) => name).join(', ')} (default word-count)
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    base: { type: 'string', default: '0' },
    seed: { type: 'string' },
    scenario: { type: 'string', default: 'word-count' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Seeds `from`, `from + step`, ... below `to`, in a thread of its own. */
interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly scenario: string;
}

if (!isMainThread) {
  const { from, to, step, scenario } = workerData as Share;
  for (let seed = from; seed < to; seed += step) {
    const { plan: _plan, ...result } = await simulate(scenarioOf(scenario), seed);
    parentPort?.postMessage(result);
  }
} else if (values.help) {
  console.log(HELP);
} else if (values.seed !== undefined) {
  process.exitCode = await runOne(number(values.seed, '--seed'), values.trace);
} else {
  const from = number(values.base, '--base');
  process.exitCode = await runMany(from, from + number(values.seeds, '--seeds'));
}

async function runOne(seed: number, withTrace: boolean): Promise<number> {
  const trace = new SimulationTrace(withTrace ? { onLine: (line) => console.log(line) } : {});
  const result = await simulate(scenarioOf(values.scenario), seed, trace);
  console.log(`seed ${seed}: ${result.failure ?? 'right'}`);
  console.log(`faults ${JSON.stringify(result.plan)}`);
  console.log(`${result.steps} events, ${Math.round(result.simulatedMs)} ms simulated, trace ${trace.hash}`);
  return result.failure === undefined ? 0 : 1;
}

async function runMany(from: number, to: number): Promise<number> {
  const threads = Math.min(availableParallelism(), to - from);
  const results: Omit<SimulationResult, 'plan'>[] = [];
  const shares = Array.from({ length: threads }, (_, i) => {
    const share: Share = { from: from + i, to, step: threads, scenario: values.scenario };
    return new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: share });
      worker.on('message', (result: Omit<SimulationResult, 'plan'>) => {
        results.push(result);
        if (result.failure !== undefined) {
          console.log(
            `seed ${result.seed}: ${result.failure}\n  replay: npm run sim -- --scenario ${values.scenario} --seed ${result.seed} --trace`,
          );
        } else if (process.stdout.isTTY) {
          process.stdout.write(`\r${results.length}/${to - from} seeds`);
        }
      });
      worker.once('error', reject);
      worker.once('exit', () => resolve());
    });
  });
  await Promise.all(shares);
  const failed = results.filter((result) => result.failure !== undefined).length;
  const restarts = results.reduce((sum, result) => sum + result.restarts, 0);
  const dropped = results.reduce((sum, result) => sum + result.dropped, 0);
  const events = results.reduce((sum, result) => sum + result.steps, 0);
  const ran = results.length;
  console.log(
    `${process.stdout.isTTY ? '\n' : ''}${events} events, ${dropped} messages lost, ${restarts} restarts`,
  );
  console.log(`${ran - failed} passed, ${failed + (to - from - ran)} failed`);
  return failed === 0 && ran === to - from ? 0 : 1;
}

function scenarioOf(name: string): Scenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario !== undefined) return scenario;
  console.error(`--scenario: there is no scenario "${name}"\n\n${HELP}`);
  process.exit(2);
}

function number(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`${option}: "${text}" is not a whole number\n\n${HELP}`);
  process.exit(2);
}
