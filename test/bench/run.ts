import { benches } from './run-benches.ts';
import { HELP } from './help.ts';
import { latency } from './latency/index.ts';
import { memory } from './memory/index.ts';
import { nexmark } from './nexmark/index.ts';
import { UsageError } from './report/arguments.ts';

/** Suites have options of their own; everything else is a list of benches. */
const SUITES: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  nexmark,
  latency,
  memory,
};

async function main([first = '', ...rest]: readonly string[]): Promise<number> {
  try {
    const suite = Object.hasOwn(SUITES, first) ? SUITES[first] : undefined;
    return await (suite === undefined ? benches([first, ...rest].filter((arg) => arg !== '')) : suite(rest));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
