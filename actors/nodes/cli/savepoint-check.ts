import type { Command } from 'commander';
import { compareWithJob } from '../../../src/state/snapshot/compare-with-job.ts';
import { prepareJob } from '../prepare-job.ts';
import { EXIT } from './describe-error.ts';
import {
  clientLogger,
  configurationOf,
  withConfiguration,
  withJson,
  withParallelism,
  withVerbose,
} from './options.ts';
import type { Cli, ConfigurationOptions } from './options.ts';
import { openSaved } from './saved-snapshot.ts';
import { checkStates } from './state-check.ts';
import type { CheckedOperator } from './state-check.ts';
import { clean, table } from './table.ts';

interface CheckOptions extends ConfigurationOptions {
  readonly parallelism?: number;
  readonly allowNonRestoredState?: true;
}

const EXAMPLES = `
Example:
  millrace savepoint check /savepoints/savepoint-4f0a5d-1a2b3c job.ts -p 8

Functions with keyed state are opened and closed here to see which states they have; no record is processed.

Exit codes: 0 the job can begin from it, 1 it would be refused`;

/** `millrace savepoint check <path> <module>` */
export function addCheck(savepoint: Command, cli: Cli): void {
  const command = savepoint
    .command('check <path> <module>')
    .description(
      'say, operator by operator and state by state, what a job would go on with; starts and stops nothing',
    )
    .option('-n, --allow-non-restored-state', 'state of operators that the job no longer has is left behind')
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withConfiguration(withParallelism(command)))).action(
    async (path: string, module: string, options: CheckOptions) => {
      const snapshot = await openSaved(cli, path, options);
      const configuration = configurationOf(cli, options);
      const job = await prepareJob(module, configuration);
      const compared = compareWithJob(snapshot.manifest, job.jobGraph);
      const operators = await checkStates(snapshot, job, compared, configuration, clientLogger(cli));
      const allowed = options.allowNonRestoredState === true;
      const refused = operators.filter(
        ({ verdict }) => verdict === 'incompatible' || (verdict === 'missing' && !allowed),
      );
      if (cli.json) cli.terminal.json({ type: 'savepointCheck', fits: refused.length === 0, operators });
      else print(cli, operators, refused.length === 0);
      cli.exitCode = refused.length === 0 ? EXIT.ok : EXIT.failed;
    },
  );
}

const COLOURS = {
  fits: 'green',
  migrates: 'yellow',
  'not opened': 'yellow',
  rescales: 'green',
  new: 'yellow',
  empty: 'green',
  missing: 'red',
  incompatible: 'red',
} as const;

function print({ terminal }: Cli, operators: readonly CheckedOperator[], fits: boolean): void {
  const rows = operators.flatMap(({ name, uid = '', verdict, note = '', states = [] }) => [
    [clean(name, 40), clean(uid, 30), terminal.paintOut(COLOURS[verdict], verdict), note],
    ...states.map(({ state, verdict: ofState, note: more = '' }) => [
      `  ${clean(state, 38)}`,
      '',
      terminal.paintOut(COLOURS[ofState], ofState),
      more,
    ]),
  ]);
  const columns = ['Operator', 'Uid', 'Verdict', ''].map((title) => ({ title }));
  for (const line of table(columns, rows)) terminal.out(line);
  terminal.out();
  terminal.out(fits ? 'The job can begin from this snapshot.' : 'The job would be refused.');
}
