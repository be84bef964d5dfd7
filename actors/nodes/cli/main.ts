import { Command, CommanderError } from 'commander';
import { packageVersion } from '../adapters/package-files.ts';
import { addCancel } from './cancel.ts';
import { addCheckpoints } from './checkpoints.ts';
import { addCluster } from './cluster.ts';
import { addCompletion } from './completion.ts';
import {
  EXIT,
  InterruptedError,
  describeError,
  errorJson,
  exitCodeOf,
  plainError,
  stacksOf,
} from './describe-error.ts';
import { addDoctor } from './doctor/doctor.ts';
import { addInfo } from './info.ts';
import { addJobManager } from './jobmanager.ts';
import { addList } from './list.ts';
import { addLogs } from './logs.ts';
import type { Cli } from './options.ts';
import { addRun } from './run.ts';
import { addCheckpoint, addSavepoint, addStop } from './savepoint.ts';
import { addStatus } from './status.ts';
import { addTaskManager } from './taskmanager.ts';
import { addTop } from './top.ts';
import { processTerminal } from './terminal.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  millrace run job.ts                          run a job in this process
  millrace cluster --taskmanagers 2 --slots 2  start a cluster on this machine
  millrace list                                its jobs

"millrace <command> --help" shows the options of a command.`;

/**
 * The command line.
 * @param argv arguments after the program's name
 * @returns the exit code: 0 done, 1 failed or refused, 2 wrong usage, 130 interrupted
 */
export async function main(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  const cli: Cli = {
    terminal,
    environment: terminal.environment,
    exitCode: EXIT.ok,
    verbose: false,
    json: false,
  };
  try {
    await createProgram(cli).parseAsync(argv, { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    terminal.endLive();
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    report(cli, error);
    return exitCodeOf(error);
  }
}

function createProgram(cli: Cli): Command {
  const { terminal } = cli;
  const program = new Command('millrace')
    .description('Distributed, stateful stream processing in TypeScript.')
    .version(packageVersion())
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => terminal.out(text.replace(/\n$/, '')),
      writeErr: (text) => terminal.err(text.replace(/\n$/, '')),
      outputError: (text, write) =>
        write(text.replace(/^error:/, `${terminal.paintErr('red', 'millrace:')}`)),
    })
    .showHelpAfterError('Add --help for how to use it.')
    .showSuggestionAfterError()
    .hook('preAction', (_program, action) => {
      const options = action.opts<{ verbose?: true; json?: true }>();
      cli.verbose = options.verbose === true;
      cli.json = options.json === true;
    })
    .addHelpText('after', EXAMPLES);
  for (const add of [
    addRun,
    addInfo,
    addList,
    addStatus,
    addTop,
    addLogs,
    addCancel,
    addStop,
    addSavepoint,
    addCheckpoint,
    addCheckpoints,
    addCluster,
    addJobManager,
    addTaskManager,
    addDoctor,
  ]) {
    add(program, cli);
  }
  addCompletion(program);
  return program;
}

/** One line of what, where and cure; stacks with `--verbose`; an object as well for programs. */
function report(cli: Cli, error: unknown): void {
  const { terminal } = cli;
  const plain = plainError(error);
  if (cli.json) terminal.json({ type: 'error', error: errorJson(plain) });
  const start = terminal.paintErr(error instanceof InterruptedError ? 'yellow' : 'red', 'millrace:');
  terminal.err(`${start} ${describeError(plain)}`);
  if (cli.verbose) for (const stack of stacksOf(plain)) terminal.err(stack);
}
