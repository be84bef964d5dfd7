import type { Command } from 'commander';
import type { CheckpointType } from '../../../src/protocol/client-dispatcher.ts';
import { EXIT, UsageError } from './describe-error.ts';
import { jobIdOf } from './job-id.ts';
import {
  QUESTION_TIMEOUT_MS,
  clientAddressOf,
  withClientAddress,
  withClient,
  withJson,
  withVerbose,
} from './options.ts';
import type { AddressOptions, Cli, ConfigurationOptions } from './options.ts';
import { addCheck } from './savepoint-check.ts';
import { absolutePlace } from './saved-snapshot.ts';
import { dispose } from './savepoint-dispose.ts';
import { addDiff, addGet, addShow } from './savepoint-tools.ts';

const SAVEPOINT_EXAMPLES = `
Examples:
  millrace savepoint 4f0a5d6c7b8e9f00112233445566778a /savepoints
  millrace run job.ts -s /savepoints/savepoint-4f0a5d-1a2b3c           go on from it
  millrace savepoint check /savepoints/savepoint-4f0a5d-1a2b3c job.ts  would that work?
  millrace savepoint show /savepoints/savepoint-4f0a5d-1a2b3c          what is in it
  millrace savepoint --dispose /savepoints/savepoint-4f0a5d-1a2b3c     remove it`;

const STOP_EXAMPLES = `
Examples:
  millrace stop 4f0a5d6c7b8e9f00112233445566778a -p /savepoints
  millrace stop 4f0a5d6c7b8e9f00112233445566778a --drain        windows and timers fire first`;

const CHECKPOINT_EXAMPLES = `
Examples:
  millrace checkpoint 4f0a5d6c7b8e9f00112233445566778a
  millrace checkpoint 4f0a5d6c7b8e9f00112233445566778a --full    a new base, before an upgrade or after much has changed`;

interface Wanted {
  readonly kind: 'checkpoint' | 'savepoint';
  readonly directory?: string | undefined;
  readonly stop?: boolean;
  readonly drain?: boolean;
  readonly checkpointType?: CheckpointType;
}

/** `millrace savepoint <job-id> [directory]`, and what is done with a savepoint that exists. */
export function addSavepoint(program: Command, cli: Cli): void {
  const command = program
    .command('savepoint [job-id] [directory]')
    .description(
      'save the state of a running job; it goes on (directory: execution.checkpointing.savepoint-dir)',
    )
    .option('-d, --dispose <path>', 'remove the savepoint at this path')
    .addHelpText('after', SAVEPOINT_EXAMPLES);
  withVerbose(withJson(withClientAddress(command))).action(
    async (
      id: string | undefined,
      directory: string | undefined,
      options: AddressOptions & ConfigurationOptions & { readonly dispose?: string },
    ) => {
      if (options.dispose !== undefined && options.jobmanager !== undefined)
        throw new UsageError(
          '--dispose removes the files from here: leave -m out, or have the cluster do it with POST /savepoint-disposal',
        );
      if (options.dispose !== undefined) await dispose(cli, options.dispose, options);
      else if (id === undefined)
        throw new UsageError(
          'which job? millrace savepoint <job-id> [directory]; "millrace list" shows them',
        );
      else await take(cli, id, options, { kind: 'savepoint', directory });
    },
  );
  for (const add of [addShow, addGet, addDiff, addCheck]) add(command, cli);
}

/** `millrace stop <job-id>` */
export function addStop(program: Command, cli: Cli): void {
  const command = program
    .command('stop <job-id>')
    .description('end a job with a savepoint; everything it wrote is committed')
    .option(
      '-p, --savepoint-path <directory>',
      'where the savepoint goes (execution.checkpointing.savepoint-dir)',
    )
    .option('-d, --drain', 'let windows and timers fire first, as at the end of the input')
    .addHelpText('after', STOP_EXAMPLES);
  withVerbose(withJson(withClientAddress(command))).action(
    async (
      id: string,
      options: AddressOptions & { readonly savepointPath?: string; readonly drain?: true },
    ) => {
      const { savepointPath: directory, drain = false } = options;
      await take(cli, id, options, { kind: 'savepoint', directory, stop: true, drain });
    },
  );
}

/** `millrace checkpoint <job-id>` */
export function addCheckpoint(program: Command, cli: Cli): void {
  const command = program
    .command('checkpoint <job-id>')
    .description('take a checkpoint of a running job now')
    .option('--full', 'of all state, as a base that later ones build on')
    .option('--incremental', 'of what changed since the one before, also where the others are full')
    .addHelpText('after', CHECKPOINT_EXAMPLES);
  withVerbose(withJson(withClientAddress(command))).action(
    async (id: string, options: AddressOptions & { readonly full?: true; readonly incremental?: true }) => {
      const { full, incremental } = options;
      if (full === true && incremental === true)
        throw new UsageError('--full and --incremental exclude each other');
      const checkpointType = full === true ? 'FULL' : incremental === true ? 'INCREMENTAL' : 'CONFIGURED';
      await take(cli, id, options, { kind: 'checkpoint', checkpointType });
    },
  );
}

async function take(cli: Cli, id: string, options: AddressOptions, wanted: Wanted): Promise<void> {
  const jobId = jobIdOf(id);
  const { kind, directory, stop = false, drain = false, checkpointType } = wanted;
  const location = await withClient(cli, clientAddressOf(cli, options), QUESTION_TIMEOUT_MS, ({ client }) =>
    client.snapshot(jobId, kind, {
      ...(directory === undefined ? {} : { directory: absolutePlace(directory) }),
      stop,
      drain,
      ...(checkpointType === undefined ? {} : { checkpointType }),
    }),
  );
  if (cli.json) cli.terminal.json({ type: `${kind}Completed`, jobId, location, stopped: stop });
  else cli.terminal.out(`${stop ? `Job ${jobId} stops with savepoint` : `${kind} complete:`} ${location}`);
  cli.exitCode = EXIT.ok;
}
