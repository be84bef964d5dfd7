import type { Command } from 'commander';
import { isGloballyTerminal } from '../../../src/protocol/job-status.ts';
import { EXIT } from './describe-error.ts';
import { jobIdOf } from './job-id.ts';
import {
  QUESTION_TIMEOUT_MS,
  clientAddressOf,
  withClientAddress,
  withClient,
  withJson,
  withVerbose,
} from './options.ts';
import type { AddressOptions, Cli } from './options.ts';

const EXAMPLES = `
Example:
  millrace cancel 4f0a5d6c7b8e9f00112233445566778a`;

/** `millrace cancel <job-id>` */
export function addCancel(program: Command, cli: Cli): void {
  const command = program
    .command('cancel <job-id>')
    .description('cancel a job; it stops a little later, see status')
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withClientAddress(command))).action(async (id: string, options: AddressOptions) => {
    const jobId = jobIdOf(id);
    const job = await withClient(
      cli,
      clientAddressOf(cli, options),
      QUESTION_TIMEOUT_MS,
      async ({ client }) => {
        const before = await client.details(jobId);
        if (!isGloballyTerminal(before.status)) await client.cancel(jobId);
        return before;
      },
    );
    const accepted = !isGloballyTerminal(job.status);
    if (cli.json)
      cli.terminal.json({ type: accepted ? 'cancelAccepted' : 'cancelRefused', jobId, status: job.status });
    else if (accepted) cli.terminal.out(`Job ${jobId} is being canceled`);
    else
      cli.terminal.err(
        `millrace: job ${jobId} has ended already, it is ${job.status}: there is nothing to cancel`,
      );
    cli.exitCode = accepted ? EXIT.ok : EXIT.failed;
  });
}
