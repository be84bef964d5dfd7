import type { Command } from 'commander';
import type { JobDetails } from '../../../src/protocol/job-status.ts';
import { describeError, EXIT } from './describe-error.ts';
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
import { paintStatus, stateText } from './status-style.ts';
import { clean, count, duration, instant, table } from './table.ts';
import { VertexRates } from './vertex-rates.ts';

const EXAMPLES = `
Examples:
  millrace status 4f0a5d6c7b8e9f00112233445566778a
  millrace status 4f0a5d6c7b8e9f00112233445566778a --json`;

/** `millrace status <job-id>` */
export function addStatus(program: Command, cli: Cli): void {
  const command = program
    .command('status <job-id>')
    .description('show a job with its vertices')
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withClientAddress(command))).action(async (id: string, options: AddressOptions) => {
    const jobId = jobIdOf(id);
    const job = await withClient(cli, clientAddressOf(cli, options), QUESTION_TIMEOUT_MS, ({ client }) =>
      client.details(jobId),
    );
    if (cli.json) cli.terminal.json({ type: 'jobDetails', ...job });
    else print(cli, job);
    cli.exitCode = EXIT.ok;
  });
}

function print({ terminal }: Cli, job: JobDetails): void {
  terminal.out(`Job        ${terminal.paintOut('bold', clean(job.name))}`);
  terminal.out(`Id         ${job.jobId}`);
  terminal.out(`Status     ${paintStatus(terminal, 'out', job.status)}`);
  terminal.out(`Submitted  ${instant(job.submittedAt)}`);
  if (job.endedAt !== undefined)
    terminal.out(`Ended      ${instant(job.endedAt)} (${duration(job.endedAt - job.submittedAt)})`);
  terminal.out(`Restarts   ${job.restarts}`);
  if (job.failure !== undefined) terminal.out(`Failure    ${describeError(job.failure)}`);
  terminal.out();
  const rows = new VertexRates()
    .update(job, 0)
    .map((vertex) => [
      clean(vertex.name, 48),
      String(vertex.parallelism),
      stateText(vertex),
      count(vertex.recordsIn),
      count(vertex.recordsOut),
    ]);
  const left = ['Vertex', 'Parallelism', 'State'].map((title) => ({ title }));
  const right = ['Records in', 'Records out'].map((title) => ({ title, align: 'right' as const }));
  for (const line of table([...left, ...right], rows)) terminal.out(line);
}
