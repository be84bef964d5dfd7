import type { Command } from 'commander';
import { isGloballyTerminal } from '../../../src/protocol/job-status.ts';
import type { JobStatus } from '../../../src/protocol/job-status.ts';
import { EXIT } from './describe-error.ts';
import {
  QUESTION_TIMEOUT_MS,
  clientAddressOf,
  withClientAddress,
  withClient,
  withJson,
  withVerbose,
} from './options.ts';
import type { AddressOptions, Cli } from './options.ts';
import { paintStatus } from './status-style.ts';
import { clean, duration, instant, table } from './table.ts';

const EXAMPLES = `
Examples:
  millrace list          jobs that run or wait to
  millrace list -a       with those that have ended
  millrace list --nats nats://10.0.0.5:4222 --json`;

interface ListOptions extends AddressOptions {
  readonly running?: true;
  readonly scheduled?: true;
  readonly all?: true;
}

/** As Flink's CLI: without a choice, all that has not ended. */
function isWanted(status: JobStatus, { running, scheduled, all }: ListOptions): boolean {
  if (all === true) return true;
  if (isGloballyTerminal(status)) return false;
  const waits = status === 'INITIALIZING' || status === 'CREATED';
  if (running === scheduled) return true;
  return waits === (scheduled === true);
}

/** `millrace list` */
export function addList(program: Command, cli: Cli): void {
  const command = program
    .command('list')
    .description("list the cluster's jobs")
    .option('-r, --running', 'only jobs that run')
    .option('-s, --scheduled', 'only jobs that wait to run')
    .option('-a, --all', 'ended ones too')
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withClientAddress(command))).action(async (options: ListOptions) => {
    const jobs = await withClient(cli, clientAddressOf(cli, options), QUESTION_TIMEOUT_MS, ({ client }) =>
      client.list(),
    );
    const wanted = jobs.filter(({ status }) => isWanted(status, options));
    const newestFirst = wanted.toSorted((a, b) => b.submittedAt - a.submittedAt);
    const { terminal } = cli;
    if (cli.json) for (const job of newestFirst) terminal.json({ type: 'job', ...job });
    else if (wanted.length === 0) {
      const others = jobs.length === 0 ? '' : ` ${jobs.length} of other states: millrace list --all`;
      terminal.out(`No jobs.${others}`);
    } else {
      const now = Date.now();
      const rows = newestFirst.map((job) => [
        job.jobId,
        clean(job.name, 40),
        `${job.tasksRunning}/${job.tasksTotal}`,
        instant(job.submittedAt),
        duration(Math.max(0, (job.endedAt ?? now) - job.submittedAt)),
        paintStatus(terminal, 'out', job.status),
      ]);
      const titles = ['Job id', 'Name', 'Running', 'Submitted', 'Duration', 'Status'].map((title) => ({
        title,
      }));
      for (const line of table(titles, rows)) terminal.out(line);
    }
    cli.exitCode = EXIT.ok;
  });
}
