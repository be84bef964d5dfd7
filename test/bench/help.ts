import { BENCHES } from './benches/index.ts';
import { HELP as LATENCY } from './latency/help.ts';
import { HELP as MEMORY } from './memory/help.ts';
import { HELP as NEXMARK } from './nexmark/help.ts';

export const HELP = `Measures Millrace; each run in a fresh process, the median of the runs is shown.

  npm run bench [-- <name>...] [--runs N] [--records N] [--json] [--save]

  --runs N      runs of each bench (default 3)
  --records N   records of each run (default: its own)
  --json        one JSON object per bench and line
  --save        write the figures into test/bench/results/<version>.json and .md

A name stands also for the benches that begin with it and a hyphen: window, exchange, codec.

Benches:
${BENCHES.map(({ name, title }) => `  ${name.padEnd(18)} ${title}`).join('\n')}

Suites, with options of their own:

${NEXMARK}
${LATENCY}
${MEMORY}`;
